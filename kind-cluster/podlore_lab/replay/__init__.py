"""Replaying a trace into the lab: its jobs are created and deleted at compressed time, on a real control plane."""

from podlore_lab.replay.plan import Fractions, Plan, plan
from podlore_lab.replay.run import Replayed, replay

__all__ = ["Fractions", "Plan", "Replayed", "plan", "replay"]
