"""Placement studies, against an obvious twin and against promises that hold for every policy."""

from importlib.metadata import entry_points

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.errors import BadInput
from podlore.simulate.placement.policies import BEST_FIT, FGD, GROUP, load_policy
from podlore.simulate.placement.study import run_study
from podlore.traces.job import Job, NodeShape

MODELS = ("A", "B")


def node(name, cpu_milli, memory_mib, gpus, product=""):
    return NodeShape(name, product, gpus, cpu_milli=cpu_milli, memory_mib=memory_mib)


def pod_of(name, cpu_milli, memory_mib, gpus, gpu_milli, *, products=()):
    return Job(name, gpus=gpus, gpu_milli=gpu_milli, cpu_milli=cpu_milli, memory_mib=memory_mib, products=products)


@st.composite
def clusters(draw):
    nodes = [
        node(f"n{i}", draw(st.integers(1, 64)) * 1000, 10_000, draw(st.integers(0, 8)), draw(st.sampled_from(MODELS)))
        for i in range(draw(st.integers(1, 6)))
    ]
    shapes = st.sampled_from([(0, 0), (1, 300), (1, 500), (1, 1000), (2, 1000), (8, 1000)])
    pods = []
    for i in range(draw(st.integers(1, 12))):
        gpus, milli = draw(shapes)
        models = draw(st.sampled_from([(), ("A",), ("A", "B")])) if gpus else ()
        pods.append(
            pod_of(f"p{i}", draw(st.integers(1, 16)) * 1000, draw(st.integers(0, 4000)), gpus, milli, products=models)
        )
    arrivals = draw(st.lists(st.sampled_from([pod.name for pod in pods]), min_size=1, max_size=60))
    return nodes, pods, arrivals


class Twin:
    """The same protocol, written the obvious way: every score anew for every pod."""

    def __init__(self, nodes, pods):
        self.nodes = nodes
        self.pods = {pod.name: pod for pod in pods}
        self.cpu = [node.cpu_milli for node in nodes]
        self.memory = [node.memory_mib for node in nodes]
        self.left = [[1000] * node.gpus for node in nodes]
        counts = {}
        for pod in pods:
            key = (pod.cpu_milli, pod.gpu_milli, pod.gpus, pod.products)
            counts[key] = counts.get(key, 0) + 1
        self.mix, covered = [], 0
        for key, count in sorted(counts.items(), key=lambda item: -item[1]):
            if covered < 0.95 * len(pods):
                covered += count
                self.mix.append((key, count))
        self.mix = [(key, count / len(pods) / (covered / len(pods))) for key, count in self.mix]

    def fits(self, n, pod):
        if self.cpu[n] < pod.cpu_milli or self.memory[n] < pod.memory_mib:
            return False
        if pod.gpus and pod.products and self.nodes[n].product not in pod.products:
            return False
        return sum(left >= pod.gpu_milli for left in self.left[n]) >= pod.gpus

    def fragmentation(self, n, cpu, lefts):
        by_class = [0.0] * 6
        for (wanted_cpu, milli, gpus, models), share in self.mix:
            idle, has_cpu = sum(lefts), cpu >= wanted_cpu
            if gpus == 0:
                by_class[3 if has_cpu else 4] += share * idle
            elif models and self.nodes[n].product not in models:
                by_class[5] += share * idle
            elif sum(left >= milli for left in lefts) < gpus:
                by_class[1 if has_cpu else 0] += share * idle
            elif not has_cpu:
                by_class[2] += share * idle
            else:
                by_class[1] += share * sum(left for left in lefts if left < milli)
        return sum(by_class)

    def after(self, n, pod, gpu):
        lefts, wanted = list(self.left[n]), pod.gpus
        if pod.gpus == 1 and pod.gpu_milli < 1000:
            lefts[gpu] -= pod.gpu_milli
            return lefts
        for i, left in enumerate(lefts):
            if wanted and left >= pod.gpu_milli:
                lefts[i], wanted = left - pod.gpu_milli, wanted - 1
        return lefts

    def score(self, n, pod, policy):
        roomy = [g for g, left in enumerate(self.left[n]) if left >= pod.gpu_milli]
        tightest = min(roomy, key=lambda g: self.left[n][g], default=0)
        if policy is BEST_FIT:
            left = (self.cpu[n] - pod.cpu_milli) / 128_000 * 0.5
            left += (sum(self.left[n]) - pod.gpus * pod.gpu_milli) / 8_000 * 0.5
            return int((1.0 - left) * 100.0), tightest
        before = self.fragmentation(n, self.cpu[n], self.left[n])
        best = None
        for gpu in roomy if pod.gpus == 1 and pod.gpu_milli < 1000 else [0]:
            descent = before - self.fragmentation(n, self.cpu[n] - pod.cpu_milli, self.after(n, pod, gpu))
            score = int(1 / (1 + np.exp(-descent / 1000)) * 100)
            if best is None or score > best[0]:
                best = score, gpu
        return best

    def run(self, arrivals, policy):
        placed = []
        for name in arrivals:
            pod = self.pods[name]
            scores = {n: self.score(n, pod, policy) for n in range(len(self.nodes)) if self.fits(n, pod)}
            best = max(scores, key=lambda n: (scores[n][0], -n), default=-1)
            if best >= 0:
                self.left[best] = self.after(best, pod, scores[best][1])
                self.cpu[best] -= pod.cpu_milli
                self.memory[best] -= pod.memory_mib
            placed.append(best)
        return placed


@pytest.mark.parametrize("policy", [BEST_FIT, FGD], ids=["BestFit", "FGD"])
@settings(max_examples=60, deadline=None)
@given(case=clusters())
def test_cached_scores_place_as_scores_computed_anew(policy, case):
    nodes, pods, arrivals = case
    if not any(node.gpus for node in nodes):
        return
    result = run_study(nodes, pods, arrivals, policy)
    assert result.nodes.tolist() == Twin(nodes, pods).run(arrivals, policy)


@pytest.fixture(params=sorted(point.name for point in entry_points(group=GROUP)))
def policy(request):
    return load_policy(request.param)


def test_a_pod_that_fits_nowhere_is_dropped(policy):
    result = run_study([node("n", 1000, 10, 1)], [pod_of("p", 2000, 1, 1, 1000)], ["p"], policy)
    assert result.nodes.tolist() == [-1]
    assert result.n_dropped == 1


def test_what_is_placed_never_exceeds_what_there_is(policy):
    nodes = [node(f"n{i}", 32_000, 1000, 4) for i in range(3)]
    pods = [
        pod_of("share", 1000, 1, 1, 300),
        pod_of("two", 4000, 1, 2, 1000),
        pod_of("cpu", 2000, 1, 0, 0),
    ]
    result = run_study(nodes, pods, ["share", "two", "cpu"] * 20, policy, seed=3)
    assert result.allocation_percent.max() <= 100
    assert (result.nodes >= 0).sum() == 60 - result.n_dropped
    assert (np.diff(result.allocation_percent) >= 0).all()


def test_the_same_seed_gives_the_same_placements(policy):
    nodes = [node(f"n{i}", 32_000, 1000, 4) for i in range(5)]
    pods = [pod_of("share", 1000, 1, 1, 300)]
    runs = [run_study(nodes, pods, ["share"] * 30, policy, seed=7).nodes.tolist() for _ in range(2)]
    assert runs[0] == runs[1]


def test_an_unknown_pod_in_the_order_is_named():
    with pytest.raises(BadInput, match="'ghost'"):
        run_study([node("n", 1, 1, 1)], [pod_of("p", 1, 1, 1, 1000)], ["ghost"], BEST_FIT)


def test_an_unknown_policy_is_refused_with_the_installed_ones():
    with pytest.raises(BadInput, match="no placement policy 'Sprad'; installed: BestFit, DotProd"):
        load_policy("Sprad")
