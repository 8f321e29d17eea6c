"""From findings to advice: each becomes a recommendation, and passes decide which are given, and in what order."""

from collections.abc import Callable, Iterable, Iterator

from podlore.advice.advised import Advised, Withheld, Withholding
from podlore.advice.cap import cap
from podlore.advice.classified import Classifies, classified
from podlore.advice.combine import combine
from podlore.advice.propose import propose
from podlore.advice.rank import rank
from podlore.advice.veto import veto
from podlore.view import ClusterView
from podlore.vocabulary import Finding, Recommendation

Pass = Callable[[Iterable[Recommendation], ClusterView], Iterator[Recommendation | Withheld]]

PASSES: tuple[Pass, ...] = (
    veto,  # first: what is not wanted must not stand in another's way
    combine,  # then one advice for each target and resource, the cause before its symptom
    rank,  # the worthiest first
    cap,  # and no more than people can read
)

__all__ = ["PASSES", "Advised", "Classifies", "Pass", "Withheld", "Withholding", "advice"]


def advice(findings: Iterable[Finding], view: ClusterView, classifier: Classifies | None = None) -> Advised:
    """Return the advice that findings earn; a classifier adds what it makes of the targets' events."""
    given = [propose(view, finding) for finding in findings]
    withheld: list[Withheld] = []
    for advice_pass in PASSES:
        passed = list(advice_pass(given, view))
        withheld += [one for one in passed if isinstance(one, Withheld)]
        given = [one for one in passed if isinstance(one, Recommendation)]
    if classifier is not None:
        given = list(classified(given, view, classifier))
    return Advised(tuple(given), tuple(withheld))
