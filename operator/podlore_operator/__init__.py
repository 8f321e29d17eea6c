"""The Kubernetes edge of podlore: it observes a cluster, asks the advisor, and writes advice down."""
