"""What a node itself can tell of interference: what it allows, its stalls by pod, and small taps on tracepoints."""
