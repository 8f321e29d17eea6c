"""Trace-driven simulation: what a policy does with a trace, with and without advice."""
