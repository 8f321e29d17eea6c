"""The advisor: a snapshot comes in, ranked recommendations leave. Pure, and the same answer for the same snapshot.

Called by the operator whenever the cluster has changed, by ``podlore advise --snapshot``, by replays and by scenarios.
"""

from podlore.advice import Advised, Classifies, advice
from podlore.patterns import DETECTORS
from podlore.patterns.forecast import forecasts
from podlore.patterns.rule_matches import with_rules
from podlore.snapshot import Snapshot
from podlore.view import ClusterView
from podlore.vocabulary import Finding


def advise(snapshot: Snapshot, classifier: Classifies | None = None) -> Advised:
    """Return what podlore has to say about a snapshot; a classifier adds what it makes of the events.

    Examples
    --------
    >>> advise(Snapshot(now=0.0, observed_since=0.0))
    Advised(recommendations=(), withheld=())
    """
    view = ClusterView(snapshot)
    return advice(detect(view), view, classifier)


def detect(view: ClusterView) -> tuple[Finding, ...]:
    """Return everything that the detectors find, in their order, with what rules heard and say, and what is to come."""
    found = with_rules((finding for detector in DETECTORS for finding in detector(view)), view)
    return (*found, *forecasts(view, found))
