"""Score terms as advice: what was learned comes in and a `Recommendation` leaves, and terms are read back from one.

The recommendation is the object that a cluster's advice is made of; its patch previews the plug-in arguments of a
scheduler's configuration. The simulator applies nothing but what stands in such a patch.
"""

import json
from typing import Any

from podlore.simulate.placement.advised import Terms
from podlore.simulate.placement.learn import Learned
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

SCHEDULER = ObjectRef("kubescheduler.config.k8s.io", "KubeSchedulerConfiguration", "", "default")
PLUGIN = "PodloreTerms"


def score_advice(learned: Learned, gpus: int) -> Recommendation:
    """Return the advice to score nodes by these terms.

    >>> advice = score_advice(Learned(Terms(guard_cpu_milli=8000, guard_weight=100), 0.4, 0.2, 0.6, 44), 1000)
    >>> advice.action, advice.gain.expected, terms_of(advice).guard_cpu_milli
    (<Action.CONSOLIDATE: 'Consolidate'>, 4.0, 8000)
    """
    found = Evidence(
        EvidenceSource.MODEL,
        f"{learned.rollouts} rollouts of resampled arrivals on the cluster as it stands",
        f"{learned.gain_points:+.2f} points of GPU allocation",
        "lower end of the 90 % interval above 0, and no size class fails more often",
        samples=learned.rollouts,
    )
    finding = Finding(
        Pattern.FRAGMENTATION,
        "ScoreTerms",
        SCHEDULER,
        Severity.LOW,
        "Other score terms leave fewer GPUs that nobody can use.",
        (found,),
        confidence=0.95,
    )
    gain = Gain(
        "GPUs", *(points * gpus / 100 for points in (learned.gain_points, learned.low_points, learned.high_points))
    )
    args = {"profiles": [{"pluginConfig": [{"name": PLUGIN, "args": learned.terms._asdict()}]}]}
    return Recommendation(finding, Action.CONSOLIDATE, "Set these score terms.", gain, json.dumps(args))


def terms_of(advice: Recommendation) -> Terms:
    """Return the terms that an advice asks for."""
    config = json.loads(advice.patch)["profiles"][0]["pluginConfig"][0]
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in config["args"].items()
    }
    return Terms(**fields)
