"""How alike two co-runs are: a sum of four covariances, each a product over what it looks at.

``a`` says that jobs alike suffer alike, ``b`` that jobs alike press alike, ``ab`` that pairs alike meet alike (the part
that a matching lives on), and ``gpu`` gives each GPU type an offset of its own, which its first measurements settle.
The logarithms of variances, inverse squared length scales and noise stand in one vector, `Layout` says where.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from podlore.interference.features import Features
from podlore.interference.pairs import CoRuns, Floats

TERMS = ("a", "b", "ab")
VARIANCE, NOISE, OFFSET = 0.02, 0.005, 0.005
"""Prior guesses: speeds of shared GPUs have a standard deviation of about .2; repeats differ by less than .1."""
FEATURE_WEIGHT, MISMATCH_WEIGHT = 0.1, 0.5
PRIOR_SPREAD = 1.5
"""Standard deviation of the prior on each logarithm: a factor of 4.5 either way."""
JITTER = 1e-8


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each number stands in the vector: per term a variance, then weights; at the end offset and noise."""

    n_blocks: int

    def weights_of(self, term: str) -> int:
        """Return how many weights a term has: each side's features and family, and the GPU type."""
        return len(term) * (self.n_blocks + 1) + 1

    def starts(self) -> Iterator[tuple[str, int]]:
        """Yield each term with the place of its variance."""
        start = 0
        for term in TERMS:
            yield term, start
            start += 1 + self.weights_of(term)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(1 + self.weights_of(term) for term in TERMS) + 2

    def guess(self) -> Floats:
        """Return the prior mean."""
        found = np.empty(self.size)
        side = [*[FEATURE_WEIGHT] * self.n_blocks, MISMATCH_WEIGHT]
        for term, start in self.starts():
            found[start] = VARIANCE
            found[start + 1 : start + 1 + self.weights_of(term)] = [*side * len(term), MISMATCH_WEIGHT]
        found[-2:] = OFFSET, NOISE
        return np.log(found)


def covariance(features: Features, theta: Floats, left: CoRuns, right: CoRuns) -> Floats:
    """Return the covariance of the true speeds of two lists of co-runs, noise left out."""
    layout = Layout(len(features.blocks))
    found: Floats = np.exp(theta[-2]) * (left.gpu[:, None] == right.gpu[None, :])
    for term, start in layout.starts():
        weights = np.exp(theta[start + 1 : start + 1 + layout.weights_of(term)])
        mine, theirs = (_scaled(features, runs, term, weights) for runs in (left, right))
        found += np.exp(theta[start] - _squared_distances(mine, theirs))
    return found


def variance(features: Features, theta: Floats) -> float:
    """Return the prior variance of one true speed."""
    layout = Layout(len(features.blocks))
    return float(np.exp(theta[-2]) + sum(np.exp(theta[start]) for _, start in layout.starts()))


def _scaled(features: Features, runs: CoRuns, term: str, weights: Floats) -> Floats:
    """Return points whose squared distances are the weighted sums that the term's exponent needs."""
    parts, at = [], 0
    for side in term:
        configuration = runs.a if side == "a" else runs.b
        for block in features.blocks:
            parts.append(np.sqrt(weights[at]) * block[runs.gpu, configuration])
            at += 1
        parts.append(np.sqrt(weights[at] / 2) * np.eye(features.n_families)[features.family[configuration]])
        at += 1
    parts.append(np.sqrt(weights[at] / 2) * np.eye(features.n_gpu_types)[runs.gpu])
    return np.concatenate(parts, axis=1)


def _squared_distances(left: Floats, right: Floats) -> Floats:
    squares: Floats = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2 * left @ right.T
    return np.asarray(np.maximum(squares, 0.0))


class Evidence:
    """The negative log marginal likelihood of measured speeds with its gradient, for a minimizer."""

    def __init__(self, features: Features, runs: CoRuns, residual: Floats) -> None:
        self.layout = Layout(len(features.blocks))
        self.residual = residual
        self._same_gpu = (runs.gpu[:, None] == runs.gpu[None, :]).astype(float)
        self._parts = {side: list(_parts(features, runs, side)) for side in "ab"}
        self._guess = self.layout.guess()

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Return the value and the gradient, a normal prior on ``theta`` included."""
        terms = [(start, self._distances(term)) for term, start in self.layout.starts()]
        values = [(start, parts, self._term(theta, start, parts)) for start, parts in terms]
        offset = np.exp(theta[-2]) * self._same_gpu
        noise = np.exp(theta[-1])
        total = sum((value for _, _, value in values), offset)
        total[np.diag_indices_from(total)] += noise + JITTER
        factor = cho_factor(total, lower=True)
        alpha = cho_solve(factor, self.residual)
        pull = np.outer(alpha, alpha) - cho_solve(factor, np.eye(len(alpha)))
        gradient = np.zeros_like(theta)
        for start, parts, value in values:
            pulled = pull * value
            gradient[start] = -0.5 * pulled.sum()
            for place, part in enumerate(parts, start=start + 1):
                gradient[place] = 0.5 * np.exp(theta[place]) * np.vdot(pulled, part)
        gradient[-2] = -0.5 * np.vdot(pull, offset)
        gradient[-1] = -0.5 * noise * np.trace(pull)
        off = (theta - self._guess) / PRIOR_SPREAD
        loss = 0.5 * self.residual @ alpha + np.log(np.diag(factor[0])).sum() + 0.5 * off @ off
        return float(loss), gradient + off / PRIOR_SPREAD

    def _distances(self, term: str) -> list[Floats]:
        return [part for side in term for part in self._parts[side]] + [1.0 - self._same_gpu]

    def _term(self, theta: Floats, start: int, parts: list[Floats]) -> Floats:
        exponent: Floats = np.full_like(self._same_gpu, theta[start])
        for place, part in enumerate(parts, start=start + 1):
            exponent -= np.exp(theta[place]) * part
        return np.asarray(np.exp(exponent))


def _parts(features: Features, runs: CoRuns, side: str) -> Iterator[Floats]:
    """Yield the squared distances in each block of features, then whether the jobs are of different families."""
    configuration = runs.a if side == "a" else runs.b
    for block in features.blocks:
        points = block[runs.gpu, configuration]
        yield _squared_distances(points, points)
    family = features.family[configuration]
    yield (family[:, None] != family[None, :]).astype(float)
