"""The lab: a real control plane with fake GPU nodes on this machine, and traces replayed into it."""
