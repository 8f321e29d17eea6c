"""What the operator tells about itself over HTTP: probes, metrics, its advice and its snapshot."""
