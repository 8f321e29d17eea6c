"""The splits of the protocol: by family, by collection, by row (to show how much that leaks), in halves.

All are deterministic.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from podlore.classify.evaluation.labelled import Labelled
from podlore.classify.families import NEAR, Numbers, nearest

N_FOLDS, SMALLEST_COLLECTION = 5, 40
REST = "others"


@dataclass(frozen=True)
class Fold:
    """Rows of the labelled set to train on and to test on; ``experiment`` and ``name`` tell which split it is."""

    experiment: str
    name: str
    train: Numbers
    test: Numbers
    is_leaky: bool = False


def whole(data: Labelled) -> Iterator[Fold]:
    """Yield the one split that trains on no labelled row at all."""
    yield Fold("synthetic-to-real", "all", np.array([], np.intp), np.arange(len(data)))


def by_family(data: Labelled, seed: int = 0) -> Iterator[Fold]:
    """Yield five folds, classes balanced, no family on both sides."""
    splitter = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    for number, (train, test) in enumerate(splitter.split(data.texts, data.truth, data.family)):
        yield Fold("grouped", f"fold-{number}", apart(data, train, test), test)


def by_row(data: Labelled, seed: int = 0) -> Iterator[Fold]:
    """Yield five folds that tear families apart, as many papers do: what they promise too much is what leaks."""
    splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    for number, (train, test) in enumerate(splitter.split(data.texts, data.truth)):
        yield Fold("rows-leaky", f"fold-{number}", train, test, is_leaky=True)


def by_collection(data: Labelled) -> Iterator[Fold]:
    """Yield one fold a collection; near-copies of its texts in other collections are not trained on either."""
    sizes = Counter(data.collection)
    names = np.array([name if sizes[name] >= SMALLEST_COLLECTION else REST for name in data.collection])
    for name in sorted(set(names)):
        test = np.flatnonzero(names == name)
        kept = np.flatnonzero((names != name) & ~np.isin(data.family, data.family[test]))
        yield Fold("leave-one-source-out", str(name), apart(data, kept, test), test)


def in_halves(data: Labelled, repetitions: int = 5) -> Iterator[Fold]:
    """Yield both folds of repeated two-fold splits by family, for the 5×2 F-test."""
    for repetition in range(repetitions):
        splitter = StratifiedGroupKFold(2, shuffle=True, random_state=100 + repetition)
        for half, (train, test) in enumerate(splitter.split(data.texts, data.truth, data.family)):
            yield Fold("halves", f"repetition-{repetition}-half-{half}", apart(data, train, test), test)


def apart(data: Labelled, train: Numbers, test: Numbers) -> Numbers:
    """Return the rows to train on without those that come near a tested one.

    Families are found among all rows. How near two texts are depends a little on which texts weigh the terms, so a pair
    of other families may be near within a split; leaving one out changes the weights again, hence the loop.
    """
    tested = [data.texts[row] for row in test]
    while len(train):
        cosines, _ = nearest([data.texts[row] for row in train], tested)
        if not (cosines >= NEAR).any():
            break
        train = train[cosines < NEAR]
    return train
