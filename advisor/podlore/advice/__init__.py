"""From findings to advice: each becomes a recommendation, and passes decide which are given, and in what order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from podlore.advice.advised import CAPS, Advised, Withheld, Withholding
from podlore.advice.cap import cap
from podlore.advice.classified import Classifies, classified
from podlore.advice.combine import combine
from podlore.advice.promise import promise
from podlore.advice.propose import propose, reckoned
from podlore.advice.rank import rank
from podlore.advice.storm import storm
from podlore.advice.veto import veto
from podlore.view import ClusterView
from podlore.vocabulary import Finding, Recommendation

Pass = Callable[[Iterable[Recommendation], ClusterView], Iterator[Recommendation | Withheld]]

PASSES: tuple[Pass, ...] = (
    veto,  # first: what is not wanted must not stand in another's way
    combine,  # then one advice for each target and resource, the cause before its symptom
    storm,  # one for many nodes with the same fault
    rank,  # the worthiest first
    promise,  # no room promised twice, no node praised and shunned
    cap,  # and no more than people can read
)

__all__ = ["CAPS", "PASSES", "Advised", "Classifies", "Pass", "Withheld", "Withholding", "advice"]


def advice(
    findings: Iterable[Finding],
    view: ClusterView,
    classifier: Classifies | None = None,
    proposals: Callable[[Finding], Recommendation | Withheld] | None = None,
) -> Advised:
    """Return the advice that findings earn.

    Parameters
    ----------
    classifier
        Adds what it makes of the targets' events.
    proposals
        Stands for the first pass where somebody remembers what it came to.
    """
    given: list[Recommendation] = []
    withheld: list[Withheld] = []
    ordered = sorted(findings, key=lambda finding: (finding.target, finding.pattern, finding.cause))
    _divide(map(proposals, ordered) if proposals else (propose(view, one) for one in ordered), given, withheld)
    for advice_pass in PASSES:
        before, given = given, []
        _divide(advice_pass(before, view), given, withheld)
    given = [_explained(one) for one in given]
    if classifier is not None:
        given = list(classified(given, view, classifier))
    return Advised(tuple(given), tuple(withheld))


def _divide(passed: Iterable[Recommendation | Withheld], given: list[Recommendation], withheld: list[Withheld]) -> None:
    for one in passed:
        if isinstance(one, Withheld):
            withheld.append(one)
        else:
            given.append(one)


def _explained(one: Recommendation) -> Recommendation:
    """Return an advice with the arithmetic of its gain among its evidence."""
    fact = reckoned(one)
    return one if fact is None else replace(one, because=replace(one.because, evidence=(*one.because.evidence, fact)))
