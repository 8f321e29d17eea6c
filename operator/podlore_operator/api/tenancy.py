"""What a team may read about another: in a namespaced advice, other namespaces' workloads are "another team's".

Texts name objects as ``namespace/Kind/name`` (`str` of an `ObjectRef`), and PromQL selects them by label matchers; both
are found wherever they stand. Nodes and other cluster-scoped objects keep their names.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from podlore.vocabulary import Evidence, EvidenceSource, ObjectRef, Recommendation

ANOTHER_TEAMS = "another team's"

_OBJECT = re.compile(
    r"\b([a-z0-9][a-z0-9-]{0,62})/([A-Z][A-Za-z0-9]{0,62})/[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?"
)
_NAMESPACE = re.compile(r'\b(?:exported_)?namespace=~?"([^"]*)"')
_NAMING = re.compile(r'\b((?:exported_)?(?:namespace|pod|container))(=~?)"[^"]*"')


def told_to(namespace: str, recommendation: Recommendation) -> Recommendation:
    """Return the recommendation as the people of ``namespace`` may read it; without a namespace, unchanged."""
    if not namespace:
        return recommendation
    finding = recommendation.because
    foreign = tuple(ref for ref in finding.blamed if ref.namespace not in ("", namespace))
    cover = _cover(namespace, foreign)
    return replace(
        recommendation,
        steps=cover(recommendation.steps),
        patch=cover(recommendation.patch),
        because=replace(
            finding,
            summary=cover(finding.summary),
            evidence=tuple(_covered_evidence(fact, cover) for fact in finding.evidence),
            blamed=tuple(replace(ref, namespace="", name="") if ref in foreign else ref for ref in finding.blamed),
        ),
    )


def _cover(namespace: str, foreign: tuple[ObjectRef, ...]) -> Callable[[str], str]:
    names = sorted({ref.name for ref in foreign} | {ref.namespace for ref in foreign}, key=len, reverse=True)
    known = re.compile("|".join(rf"(?<![\w.-]){re.escape(name)}(?![\w-])" for name in names)) if names else None

    def cover(text: str) -> str:
        text = _OBJECT.sub(lambda seen: seen[0] if seen[1] == namespace else f"{ANOTHER_TEAMS} {seen[2]}", text)
        if any(seen != namespace for seen in _NAMESPACE.findall(text)):
            text = _NAMING.sub(rf'\1\2"{ANOTHER_TEAMS}"', text)
        return known.sub(ANOTHER_TEAMS, text) if known else text

    return cover


def _covered_evidence(fact: Evidence, cover: Callable[[str], str]) -> Evidence:
    reference = cover(fact.reference)
    told = replace(fact, reference=reference, observed=cover(fact.observed), threshold=cover(fact.threshold))
    quotes = fact.source in (EvidenceSource.LOG, EvidenceSource.EVENT, EvidenceSource.RULE)
    if quotes and reference != fact.reference:
        return replace(told, observed=f"{ANOTHER_TEAMS} {fact.source.value.lower()}")
    return told
