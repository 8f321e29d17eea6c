"""From what the exporter says to what the operator concludes, without a control plane: who presses is found."""

from collections import defaultdict

import pytest
from prometheus_client.parser import text_string_to_metric_families

from podlore.clock import Clock
from podlore.patterns.interference import interference
from podlore.policy import METRIC_NAMES, Policy
from podlore.testing import node, pod, snapshot
from podlore.view import ClusterView
from podlore_lab.exporter.exposition import Exposition
from podlore_lab.exporter.node_page import NodePage
from podlore_lab.exporter.start import NODE_LABELS, TARGET_LABELS
from podlore_operator.metrics.prometheus import Matrix, Vector
from podlore_operator.metrics.promql import STAT
from podlore_operator.metrics.read_steps import STEP_SECONDS, Known, StepReader
from podlore_operator.metrics.series_book import SeriesBook
from podlore_operator.metrics.step_queries import metric_names

SPEED = 240.0
COMPANY = [False] * 6 + [True] * 6 + [False] * 6 + [True] * 6
ASKED = set(metric_names(METRIC_NAMES))
NAMES = {"trainer", "loud-1", "loud-2"}


class Scraped:
    """A Prometheus that scraped once a step, with the labels that it would have added and renamed."""

    def __init__(self):
        self.rows = defaultdict(list)

    def scrape(self, at, text, target):
        for family in text_string_to_metric_families(text):
            for sample in (one for one in family.samples if one.name in ASKED):
                said = {f"exported_{key}" if key in target else key: value for key, value in sample.labels.items()}
                labels = {**target, **{key: value for key, value in said.items() if value}, STAT: sample.name}
                self.rows[tuple(sorted(labels.items()))].append((at, sample.value))

    async def query(self, _expression):
        names = {dict(key)[STAT] for key in self.rows}
        return Vector(tuple({"__name__": name} for name in names), tuple(1.0 for _ in names))

    async def query_range(self, _expression, _over):
        return Matrix(tuple(dict(key) for key in self.rows), tuple(map(tuple, self.rows.values())), ())


async def found(world, presses):
    """Play a neighbour that comes, goes and comes back, and return what is found, with the node's free company."""
    world.add_node("n1", gpus=4)
    world.add_pod("trainer", gpu_curve="0:0.8")
    pages = (
        (Exposition(world.fleet, now=lambda: world.now), TARGET_LABELS),
        (
            NodePage(world.fleet, now=lambda: world.now),
            NODE_LABELS,
        ),
    )
    clock = Clock(scale=SPEED, anchor=world.now, read=lambda: world.now)
    scraped, visitor, visits = Scraped(), None, 0
    for is_there in COMPANY:
        if is_there and visitor is None:
            visits += 1
            visitor = world.add_pod(f"loud-{visits}", gpu_curve="0:0.5", presses=presses)
        elif not is_there and visitor is not None:
            world.fleet.apply_pod("DELETED", visitor)
            visitor = None
        world.now += STEP_SECONDS / SPEED
        for page, target in pages:
            scraped.scrape(world.now, page.render(), target)
    last = int(clock.now() // STEP_SECONDS)

    def knows(_namespace, name):
        return name in NAMES

    reader = StepReader(scraped, Policy(), clock, Known(knows, knows, knows, {"n1"}))
    rows, _ = await reader.read(last - len(COMPANY) + 1, last)
    book = SeriesBook()
    book.put(last, rows)
    pods = (pod("trainer", namespace="vision", node="n1", gpus=1), pod("loud-2", namespace="vision", node="n1", gpus=1))
    seen = snapshot(pods=pods, nodes=(node("n1"), node("n2")), series=book.series(), has_metrics=True)
    return list(interference(ClusterView(seen)))


@pytest.mark.parametrize(
    ("presses", "resource"),
    [
        ("cpu:0.4", "CPU"),
        ("io:0.4", "storage"),
        ("memory:0.4", "memory"),
        ("pcie:0.4", "PCIe"),
        ("network:0.4", "network"),
    ],
)
async def test_who_presses_is_named_with_the_resource(make_world, presses, resource):
    [finding] = await found(make_world(speed=SPEED), presses)
    assert finding.target.name == "trainer"
    assert [ref.name for ref in finding.blamed] == ["loud-2"]
    assert f"they meet on {resource}" in {fact.observed for fact in finding.evidence}
    assert finding.ranked_nodes == ("n2",)


@pytest.mark.parametrize("presses", ["", "cpu:0.02"])
async def test_who_takes_next_to_nothing_is_not_spoken_of(make_world, presses):
    assert await found(make_world(speed=SPEED), presses) == []
