"""NetworkDegradation: errors and the harm they do."""

from podlore.patterns.network_degradation import network_degradation
from podlore.snapshot import Snapshot
from podlore.testing import activity, gang, node, series, snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Finding

ERRORS = "node_infiniband_symbol_error_total"
NODES = tuple(node(f"n{n}", rack=f"r{n // 4}", zone="z") for n in range(8))
CLIMBING = [0.0] * 12 + [100.0 * step for step in range(1, 13)]
SLOWER, STEADY = [0.9] * 12 + [0.5] * 12, [0.9] * 24


def found(places: tuple[str, ...], troubled: tuple[str, ...], own: list[float], errors: list[float]) -> list[Finding]:
    controller, pods = gang(nodes=places)
    rows = [activity(pod, own) for pod in pods] + [series(ERRORS, errors, node=name) for name in troubled]
    seen: Snapshot = snapshot(nodes=NODES, pods=pods, controllers=(controller,), series=tuple(rows), has_metrics=True)
    return list(network_degradation(ClusterView(seen)))


def test_one_bad_link_is_its_nodes() -> None:
    [finding] = found(("n0", "n1"), ("n0",), SLOWER, CLIMBING)
    assert str(finding.target) == "Node/n0"
    assert [str(ref) for ref in finding.blamed] == ["nlp/PyTorchJob/llm"]


def test_most_nodes_of_a_rack_are_the_racks() -> None:
    [finding] = found(("n0", "n1", "n2", "n3"), ("n0", "n1", "n2"), SLOWER, CLIMBING)
    assert str(finding.target) == "Rack/r0"


def test_errors_that_follow_a_job_over_racks_are_the_jobs() -> None:
    [finding] = found(("n0", "n4"), ("n0", "n4"), SLOWER, CLIMBING)
    assert str(finding.target) == "nlp/PyTorchJob/llm"


def test_errors_without_harm_are_silent() -> None:
    assert not found(("n0", "n1"), ("n0",), STEADY, CLIMBING)


def test_a_hiccup_is_silent() -> None:
    assert not found(("n0", "n1"), ("n0",), SLOWER, [0.0] * 12 + [50.0] * 12)


def test_harm_that_came_first_is_not_the_links() -> None:
    assert not found(("n0", "n1"), ("n0",), [0.9] * 2 + [0.5] * 22, CLIMBING)
