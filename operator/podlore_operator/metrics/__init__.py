"""GPU metrics by Prometheus: the transport, the queries, and the windows that they become."""
