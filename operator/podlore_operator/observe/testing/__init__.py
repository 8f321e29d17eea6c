"""For tests and benchmarks of what talks to an API server: one that keeps state and misbehaves on request."""

from podlore_operator.observe.testing.eventually import eventually
from podlore_operator.observe.testing.fake_api_server import FakeApiServer
from podlore_operator.observe.testing.faults import Fault, Stream
from podlore_operator.observe.testing.objects import pod_object, training_pod

__all__ = ["FakeApiServer", "Fault", "Stream", "eventually", "pod_object", "training_pod"]
