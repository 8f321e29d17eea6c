"""One file a workload kind (or family of kinds): its shape, and what it wants to run."""
