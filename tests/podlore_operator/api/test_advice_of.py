from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.clock import Clock
from podlore.policy import Prices
from podlore.vocabulary import (
    Action,
    Evidence,
    EvidenceSource,
    Finding,
    Gain,
    ObjectRef,
    Pattern,
    Recommendation,
    Severity,
)
from podlore_operator.api.convert import advice_of, content_hash
from podlore_operator.api.v1alpha1 import Acknowledgement, AdviceStatus, State

NOW = 1_795_000_000.0
CLOCK = Clock(read=lambda: NOW)
FINDING = Finding(
    pattern=Pattern.RESOURCE_HOARDING,
    cause="IdleGpus",
    target=ObjectRef("batch", "Job", "vision", "train", "v1", "uid-1"),
    severity=Severity.HIGH,
    summary="The job holds 8 GPUs and uses none since 12:03 UTC.",
    evidence=(Evidence(EvidenceSource.METRIC, "max(x)", "0 %", "1 %", 7200.4, 240, 1.234e-9),),
    confidence=0.934,
    gpus=8,
    gpu_hours_at_stake=123.4,
)
RECOMMENDATION = Recommendation(
    FINDING,
    Action.RELEASE_IDLE,
    "Delete it.",
    Gain("GPUHours", 123.4, -7.77, 190.1),
    '{"spec":{}}',
    (Action.RIGHT_SIZE,),
)


def said(recommendation=RECOMMENDATION, clock=CLOCK, **options):
    return advice_of(recommendation, clock, "podlore 0.1", **options)


def finding(**changes):
    return replace(RECOMMENDATION, because=replace(FINDING, **changes))


def test_a_recommendation_is_written_down_whole():
    spec, status = said()
    assert spec.document() == {
        "target": {"group": "batch", "version": "v1", "kind": "Job", "name": "train", "uid": "uid-1"}
    }
    document = status.document()
    assert len(document.pop("contentHash")) == 16
    assert document == {
        "state": "Active",
        "pattern": "ResourceHoarding",
        "cause": "IdleGpus",
        "action": "ReleaseIdle",
        "severity": "high",
        "summary": "The job holds 8 GPUs and uses none since 12:03 UTC.",
        "confidence": 93,
        "gpuHoursAtStake": "120",
        "evidence": [
            {
                "source": "Metric",
                "reference": "max(x)",
                "observed": "0 %",
                "threshold": "1 %",
                "windowSeconds": 7200,
                "samples": 240,
                "pValue": "1.2e-09",
            }
        ],
        "recommendation": {
            "type": "Patch",
            "steps": "Delete it.",
            "patch": '{"spec":{}}',
            "expectedGain": {"unit": "GPUHours", "expected": "120", "low": "-7.8", "high": "190"},
        },
        "alternatives": ["RightSize"],
        "target": "Job/train",
        "firstSeen": "2026-11-18T11:06:40Z",
        "lastSeen": "2026-11-18T11:06:40Z",
        "count": 1,
        "horizonMinutes": 0,
        "expiresAt": "2026-11-19T11:06:40Z",
        "modelVersion": "podlore 0.1",
    }


def test_what_is_written_is_read_back_the_same():
    _, status = said()
    assert AdviceStatus.model_validate(status.document()) == status


def test_times_are_wall_times_also_in_a_fast_replay():
    clock = Clock(scale=240, anchor=NOW, read=lambda: NOW + 15)
    _, status = said(clock=clock)
    assert status.last_seen == datetime.fromtimestamp(NOW + 15, UTC)
    assert status.expires_at == datetime.fromtimestamp(NOW + 15 + 360, UTC)


@pytest.mark.parametrize(
    ("product", "usd"), [("NVIDIA-A100-SXM4-80GB", "370"), ("NVIDIA-H100", "620"), ("Tesla-T4", "250"), ("", "250")]
)
def test_the_cost_is_that_of_the_longest_product_that_fits(product, usd):
    prices = Prices({"default": 2.0, "NVIDIA": 5.0, "NVIDIA-A100": 3.0})
    _, status = said(prices=prices, gpu_product=product)
    assert status.cost.usd == usd


def test_without_a_price_there_is_no_cost():
    assert said()[1].cost is None
    assert said(prices=Prices({"NVIDIA": 5.0}), gpu_product="AMD")[1].cost is None


def test_the_blamed_node_is_shown_else_a_node_that_is_the_target():
    node = ObjectRef("", "Node", "", "gpu-7")
    assert said(finding(blamed=(node,)))[1].node == "gpu-7"
    assert said(finding(target=node))[1].node == "gpu-7"
    assert said()[1].node is None


def test_ranked_nodes_make_it_a_placement_and_nothing_makes_it_manual():
    bare = replace(RECOMMENDATION, patch="")
    assert said(bare)[1].recommendation.type == "Manual"
    placed = replace(bare, because=replace(FINDING, ranked_nodes=tuple(f"n{i}" for i in range(20))))
    assert said(placed)[1].recommendation.type == "Placement"
    assert len(said(placed)[1].recommendation.ranked_nodes) == 8


def test_a_patch_too_long_to_show_is_left_out_and_not_cut():
    detail = said(replace(RECOMMENDATION, patch="x" * 5000))[1].recommendation
    assert (detail.patch, detail.type) == (None, "Manual")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 4000))
def test_hostile_and_huge_texts_fit(text, times):
    huge = text * times
    facts = tuple(Evidence(EvidenceSource.LOG, huge, huge, huge) for _ in range(40))
    _, status = said(replace(finding(summary=huge, evidence=facts), steps=huge, patch=huge))
    assert AdviceStatus.model_validate(status.document()) == status


@pytest.mark.parametrize("p_value", [0.0, 1.0, 0.05, 1e-300, 5e-324, 0.99999])
def test_every_p_value_can_be_written(p_value):
    fact = replace(FINDING.evidence[0], p_value=p_value)
    assert float(said(finding(evidence=(fact,)))[1].evidence[0].p_value) == pytest.approx(p_value, rel=0.05)


@pytest.mark.parametrize("changes", [{"gpu_hours_at_stake": 118.0}, {"confidence": 0.931}])
def test_the_hash_does_not_see_what_two_digits_do_not_show(changes):
    assert said(finding(**changes))[1].content_hash == said()[1].content_hash


@pytest.mark.parametrize(
    "changes", [{"gpu_hours_at_stake": 131.0}, {"confidence": 0.95}, {"severity": Severity.LOW}, {"summary": "x"}]
)
def test_the_hash_sees_what_matters(changes):
    assert said(finding(**changes))[1].content_hash != said()[1].content_hash


def test_the_hash_does_not_see_when_it_was_seen_how_often_and_when_it_expires():
    _, status = said()
    later = said(clock=Clock(read=lambda: NOW + 9000))[1].model_copy(update={"count": 7})
    assert content_hash(later) == content_hash(status) == status.content_hash


def test_the_hash_sees_what_people_did():
    _, status = said()
    known = Acknowledgement(at=status.first_seen, severity=Severity.HIGH)
    acknowledged = status.model_copy(update={"state": State.ACKNOWLEDGED, "acknowledgement": known})
    assert content_hash(acknowledged) != content_hash(status)
