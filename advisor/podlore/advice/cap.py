"""The last pass: no more advice at once, and no more new advice a day, than people can read; the least worthy waits.

What was given within the last day (`podlore.snapshot.History`) counts against the day. What was given before and
stands is no news: it comes again without counting anew.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from podlore.advice.advised import Withheld, Withholding
from podlore.advice.outcome import DAY_SECONDS, key_of, said_key
from podlore.advice.team import team_of
from podlore.view import ClusterView
from podlore.vocabulary import Recommendation


def cap(recommendations: Iterable[Recommendation], view: ClusterView) -> Iterator[Recommendation | Withheld]:
    """Pass on the first ones up to the policy's limits; they come in order of worth."""
    books = _Books(view)
    for recommendation in recommendations:
        reason = books.enter(recommendation)
        yield recommendation if reason is None else Withheld(recommendation, reason)


class _Books:
    """How much has been given, now and within the last day."""

    def __init__(self, view: ClusterView) -> None:
        self._view = view
        given = view.snapshot.history.given
        today = {key_of(one): one for one in given if one.at > view.now - DAY_SECONDS}
        self._known = frozenset(map(key_of, given))
        self._active: Counter[str] = Counter()
        self._day: Counter[str] = Counter(one.target.namespace for one in today.values())
        self._team_day: Counter[str] = Counter(one.team for one in today.values() if one.team)

    def enter(self, one: Recommendation) -> Withholding | None:
        """Count an advice, and return why it may not be given; None if it may."""
        is_news = said_key(one) not in self._known
        namespace, team = one.target.namespace, team_of(self._view, one.target)
        reason = self._reason(namespace, team, is_news=is_news)
        if reason is None:
            self._active[namespace] += 1
            self._day[namespace] += is_news
            self._team_day[team] += is_news and bool(team)
        return reason

    def _reason(self, namespace: str, team: str, *, is_news: bool) -> Withholding | None:
        limits = self._view.policy.limits
        if namespace and self._active[namespace] >= limits.active_per_namespace_max:
            return Withholding.NAMESPACE_CAP
        if self._active.total() >= limits.active_max:
            return Withholding.CLUSTER_CAP
        if is_news and namespace and self._day[namespace] >= limits.per_namespace_day_max:
            return Withholding.NAMESPACE_DAY_CAP
        if is_news and team and self._team_day[team] >= limits.per_team_day_max:
            return Withholding.TEAM_DAY_CAP
        return None
