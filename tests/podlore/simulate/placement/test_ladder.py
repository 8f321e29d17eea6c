"""The ladder: neutral terms change nothing, advice carries what is applied, and only the past is looked at."""

import numpy as np
import pytest

from podlore.errors import BadInput
from podlore.simulate.placement.advised import NEUTRAL, Terms, advised
from podlore.simulate.placement.engine import compiled
from podlore.simulate.placement.ladder import STATIC, climb
from podlore.simulate.placement.learn import Learned, Situation, copy_of, learn_terms
from podlore.simulate.placement.policies import BEST_FIT
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
    assert placed(study, advised(BEST_FIT.score), study.mix._replace(terms=Terms(full_node=-500).as_array())) != alone


def test_an_advice_carries_the_terms_it_asks_for():
    terms = Terms(2, 8000, 100, 50, 3, 1)
    advice = score_advice(Learned(terms, 0.4, 0.2, 0.6, 90), gpus=500)
    assert terms_of(advice) == terms
    assert (advice.because.pattern, advice.action) == (Pattern.FRAGMENTATION, Action.CONSOLIDATE)
    assert (advice.gain.expected, advice.gain.low) == (2.0, 1.0)


def situation(study, seen):
    return Situation(copy_of(study.nodes), study.shapes, study.mix, study.order[:seen], 0, 0)


def test_what_is_learned_depends_on_the_past_alone_and_leaves_the_cluster_as_it_is():
    study = ready()
    now = situation(study, 60)
    later = study._replace(order=np.concatenate([study.order[:60], study.order[60:][::-1]]))
    first = learn_terms(now, BEST_FIT, STATIC, np.random.default_rng(1))
    assert first == learn_terms(situation(later, 60), BEST_FIT, STATIC, np.random.default_rng(1))
    assert (now.nodes.gpu_total_left_milli == 4000).all()


def test_where_nothing_can_be_gained_the_terms_in_use_or_none_stay():
    pods = [Job("one", gpus=1, gpu_milli=1000, cpu_milli=1_000)]
    study = prepare(NODES, pods, ["one"] * 60)
    learned = learn_terms(situation(study, 30), BEST_FIT, STATIC, np.random.default_rng(1))
    assert learned.terms in (STATIC, NEUTRAL)
    assert learned.gain_points == 0


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
