"""The last pass: no more advice at once than people can read; the least worthy is withheld."""

from collections import Counter
from collections.abc import Iterable, Iterator

from podlore.advice.advised import Withheld, Withholding
from podlore.view import ClusterView
from podlore.vocabulary import Recommendation


def cap(recommendations: Iterable[Recommendation], view: ClusterView) -> Iterator[Recommendation | Withheld]:
    """Pass on the first ones up to the policy's limits; they come in order of worth."""
    limits = view.policy.limits
    given: Counter[str] = Counter()
    for recommendation in recommendations:
        namespace = recommendation.target.namespace
        if namespace and given[namespace] >= limits.active_per_namespace_max:
            yield Withheld(recommendation, Withholding.NAMESPACE_CAP)
        elif given.total() >= limits.active_max:
            yield Withheld(recommendation, Withholding.CLUSTER_CAP)
        else:
            given[namespace] += 1
            yield recommendation
