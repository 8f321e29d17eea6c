"""For tests and benchmarks of what talks to an API server: one that keeps state and misbehaves on request."""

from podlore_operator.observe.testing.fake_api_server import FakeApiServer
from podlore_operator.observe.testing.faults import Fault

__all__ = ["FakeApiServer", "Fault"]
