"""The commands that touch a cluster, and those about its API."""
