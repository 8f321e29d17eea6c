"""Scenarios: named timelines with the advice that must and must not come of them, played on a virtual clock."""

from podlore.testing.scenario.load import Expectation, Scenario, load
from podlore.testing.scenario.play import Played, play

__all__ = ["Expectation", "Played", "Scenario", "load", "play"]
