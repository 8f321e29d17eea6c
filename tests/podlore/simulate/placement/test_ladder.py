"""The ladder: neutral terms change nothing, advice carries what is applied, and only the past is looked at."""

import numpy as np
import pytest

from podlore.errors import BadInput
from podlore.simulate.placement.advised import NEUTRAL, Terms, advised, unfillable_milli
from podlore.simulate.placement.engine import compiled
from podlore.simulate.placement.ladder import climb
from podlore.simulate.placement.learn import (
    FUTURES,
    Learned,
    Played,
    Situation,
    candidates,
    choose,
    copy_of,
    permuted,
    play,
    scarcity,
)
from podlore.simulate.placement.policies import BEST_FIT, FIRST_FIT
from podlore.simulate.placement.score_advice import score_advice, terms_of
from podlore.simulate.placement.study import prepare
from podlore.traces.job import Job, NodeShape
from podlore.vocabulary import Action, Pattern

NODES = [NodeShape(f"n{i:02}", "T4", 4, cpu_milli=32_000, memory_mib=100_000) for i in range(12)]
PODS = [
    Job("share", gpus=1, gpu_milli=300, cpu_milli=6_000),
    Job("half", gpus=1, gpu_milli=500, cpu_milli=2_000),
    Job("one", gpus=1, gpu_milli=1000, cpu_milli=8_000),
    Job("four", gpus=4, gpu_milli=1000, cpu_milli=16_000),
    Job("cpu", gpus=0, gpu_milli=1000, cpu_milli=4_000),
]


def ready(seed=0, pods=130):
    names = np.random.default_rng(seed).choice([pod.name for pod in PODS], pods, p=[0.3, 0.3, 0.2, 0.1, 0.1])
    return prepare(NODES, PODS, names.tolist())


def placed(study, score, mix):
    return compiled(score, BEST_FIT.pick)(copy_of(study.nodes), study.shapes, mix, study.order, 0).node.tolist()


def test_neutral_terms_leave_every_placement_as_it_was():
    study = ready()
    alone = placed(study, BEST_FIT.score, study.mix)
    assert placed(study, advised(BEST_FIT.score), study.mix._replace(terms=NEUTRAL.as_array())) == alone
    assert placed(study, advised(BEST_FIT.score), study.mix._replace(terms=Terms(1, 8_000, 5_000).as_array())) != alone


def test_an_advice_carries_the_terms_it_asks_for():
    terms = Terms(2, 8000, 100, 50, 3, 4, (300, 500), (0, 1200))
    advice = score_advice(Learned(terms, 0.4, 0.2, 0.6, 44), gpus=500)
    assert terms_of(advice) == terms
    assert (advice.because.pattern, advice.action) == (Pattern.FRAGMENTATION, Action.CONSOLIDATE)
    assert (advice.gain.expected, advice.gain.low) == (2.0, 1.0)


def test_what_cannot_be_filled_is_what_no_sum_of_shares_reaches():
    wasted = unfillable_milli((300, 500))
    sums = {3 * a + 5 * b for a in range(4) for b in range(3)}
    assert wasted[:-1] == [min(r - 100 * s for s in sums if 100 * s <= r) for r in range(1000)]
    assert wasted[-1] == 0


def situation(study, seen):
    return Situation(copy_of(study.nodes), study.shapes, study.order[:seen], 0, 0)


def test_what_is_tried_comes_from_the_arrivals_so_far():
    study = ready()
    now = situation(study, 60)
    first, *tried = candidates(now)
    gpu = [PODS[shape] for shape in study.order[:60] if PODS[shape].gpus]
    ratio = 1000 * sum(pod.cpu_milli for pod in gpu) / sum(pod.gpus * pod.gpu_milli for pod in gpu)
    assert first == NEUTRAL
    assert {terms.share_milli for terms in tried} == {(300, 500)}
    assert max(terms.guard_cpu_milli for terms in tried) == round(1.1 * ratio)


def test_what_pods_bound_to_a_model_ask_of_it_is_scarcity():
    nodes = [NodeShape("a", "A", 4, cpu_milli=64_000), NodeShape("b", "B", 4, cpu_milli=64_000)]
    pods = [Job("any", gpus=1), Job("bound", gpus=1, products=("B",)), Job("both", gpus=1, products=("A", "B"))]
    assert scarcity(situation(prepare(nodes, pods, ["any"] * 4), 4)) == ()
    assert scarcity(situation(prepare(nodes, pods, ["any", "bound"]), 2)) == (0, 1000)
    assert scarcity(situation(prepare(nodes, pods, ["any", "any", "any", "both"]), 4)) == (250, 250)


def test_pods_that_may_go_anywhere_leave_scarce_models_to_those_bound_to_them():
    nodes = [NodeShape("b", "B", 1, cpu_milli=64_000), NodeShape("a", "A", 1, cpu_milli=64_000)]
    study = prepare(nodes, [Job("any", gpus=1, products=())], ["any"])
    terms = Terms(scarce_weight=100, scarce_permille=(0, 1000))
    assert placed(study, FIRST_FIT.score, study.mix) == [0]
    assert placed(study, advised(FIRST_FIT.score), study.mix._replace(terms=terms.as_array())) == [1]


def test_what_is_learned_depends_on_the_past_alone_and_leaves_the_cluster_as_it_is():
    study = ready()
    now = situation(study, 60)
    later = study._replace(order=np.concatenate([study.order[:60], study.order[60:][::-1]]))
    first = play(now, BEST_FIT, np.random.default_rng(1))
    again = play(situation(later, 60), BEST_FIT, np.random.default_rng(1))
    assert (first.gain_points == again.gain_points).all()
    assert (now.nodes.gpu_total_left_milli == 4000).all()


def played(gains, failed):
    terms = (NEUTRAL, *(Terms(guard_cpu_milli=1000 * i) for i in range(1, len(gains))))
    noise = np.linspace(-0.01, 0.01, FUTURES)[:, None]
    points = np.array([np.full((FUTURES, 2), gain) + (noise if gain else 0) for gain in gains])
    return Played(terms, points, np.array([[more] * FUTURES for more in failed]))


NONE_FAIL, ONE_FAILS, ONE_FAILS_LESS = [0] * 7, [1, 0, 0, 0, 0, 0, 0], [-1, 0, 0, 0, 0, 0, 0]


def test_the_advisor_is_silent_where_nothing_gains_for_sure_or_a_size_class_would_pay():
    assert choose(played([0, -0.5], [NONE_FAIL, NONE_FAIL])).terms == NEUTRAL
    assert choose(played([0, 0.001], [NONE_FAIL, NONE_FAIL])).terms == NEUTRAL
    assert choose(played([0, 0.5], [NONE_FAIL, ONE_FAILS])).terms == NEUTRAL


def test_the_most_that_is_gained_without_harm_is_advised():
    found = choose(played([0, 0.9, 0.5, 0.6], [NONE_FAIL, ONE_FAILS, NONE_FAIL, ONE_FAILS_LESS]))
    assert found.terms.guard_cpu_milli == 3000
    assert found.gain_points == pytest.approx(0.6)
    assert found.low_points < found.gain_points < found.high_points


def test_a_failure_in_one_future_of_four_is_chance():
    found = played([0, 0.5], [NONE_FAIL, NONE_FAIL])
    found.more_failed[1, 0, 5] = 1
    assert choose(found).terms != NEUTRAL
    found.more_failed[1, 1:3, 5] = 1
    assert choose(found).terms == NEUTRAL


def test_a_placebo_permutes_what_belongs_to_which_terms_but_never_to_none():
    first = played([0, 0.9, 0.5, 0.6, 0.7], [NONE_FAIL] * 5)
    orders = {permuted(first, np.random.default_rng(seed)).candidates for seed in range(8)}
    assert len(orders) > 1
    assert {order[0] for order in orders} == {NEUTRAL}


def test_where_nothing_can_be_gained_nothing_is_said():
    pods = [Job("one", gpus=1, gpu_milli=1000, cpu_milli=1_000)]
    study = prepare(NODES, pods, ["one"] * 60)
    learned = choose(play(situation(study, 30), BEST_FIT, np.random.default_rng(1)))
    assert (learned.terms, learned.gain_points) == (NEUTRAL, 0)


def test_each_rung_is_read_on_the_same_arrivals_and_no_pod_is_refused_that_fits():
    study = ready()
    rungs = climb(study, BEST_FIT, seed=1)
    assert [rung.name for rung in rungs] == ["policy", "static", "learned", "placebo"]
    assert all(0 < rung.at_100 <= rung.at_130 <= 100 for rung in rungs)
    assert [len(rung.advice) for rung in rungs] == [0, 0, 1, 1]
    assert (study.nodes.gpu_total_left_milli == 4000).all()


def test_a_list_that_ends_early_or_an_unknown_rung_is_refused():
    with pytest.raises(BadInput, match="100 % arrived"):
        climb(ready(pods=5), BEST_FIT)
    with pytest.raises(BadInput, match="no rung luck"):
        climb(ready(), BEST_FIT, rungs=("luck",))
