"""Queries to a Prometheus, off the loop's thread: PromQL comes in, a `Vector` or a `Matrix` leaves.

Called by `gpu_windows` for what was, all in all, over a window, and by `read_steps` for how it went.
``prometheus_api_client`` carries the query. Around it: every request has a timeout, every query a deadline with its
retries in it, there are at most twenty queries a minute, and a Prometheus that failed three times in a row is left
alone for a while. Warnings (an answer of only part of the stores, say) come with the vector.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from prometheus_api_client import PrometheusApiClientException, PrometheusConnect
from urllib3.util.retry import Retry

from podlore.errors import Unavailable
from podlore_operator.breaker import Breaker
from podlore_operator.metrics.address import prometheus_url
from podlore_operator.metrics.transport import Session, TokenFile

TIMEOUT_SECONDS = 10.0
DEADLINE_SECONDS = 25.0
RETRIES = 2
RETRY_STATUSES = (408, 429, 500, 502, 503, 504)
QUERIES_PER_MINUTE = 20
FAILURES_BEFORE_REST = 3


@dataclass(frozen=True, slots=True)
class Vector:
    """An instant vector in columns; what is not finite is left out."""

    labels: tuple[Mapping[str, str], ...] = ()
    values: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """Moments in equal steps, in seconds of the wall's clock; both ends belong to it."""

    start_at: float
    end_at: float
    step_seconds: float


@dataclass(frozen=True, slots=True)
class Matrix:
    """A range's answer: for each series its labels and its (time, value) pairs; what is not finite is left out."""

    labels: tuple[Mapping[str, str], ...] = ()
    rows: tuple[tuple[tuple[float, float], ...], ...] = ()
    warnings: tuple[str, ...] = ()


class Prometheus:
    """A Prometheus, or what speaks its API.

    Parameters
    ----------
    url
        With a path where it is served under one.
    token_file
        A bearer token, read for every request; none if empty.
    verify
        Whether to check its certificate; a path names the authority to check it by.
    """

    def __init__(
        self,
        url: str,
        *,
        token_file: Path | None = None,
        verify: bool | Path = True,
        timeout_seconds: float = TIMEOUT_SECONDS,
        deadline_seconds: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.url = prometheus_url(url)
        self._deadline_seconds = deadline_seconds
        self._monotonic = monotonic
        self._sleep = sleep
        self._session = Session(monotonic)
        self._session.verify = str(verify) if isinstance(verify, Path) else verify
        self._connect = PrometheusConnect(
            url=self.url,
            session=self._session,
            timeout=timeout_seconds,
            auth=TokenFile(token_file) if token_file else None,
            retry=Retry(total=RETRIES, backoff_factor=0.3, status_forcelist=RETRY_STATUSES, raise_on_status=False),
        )
        self._one_at_a_time = asyncio.Lock()
        self._asked_at: deque[float] = deque(maxlen=QUERIES_PER_MINUTE)
        self._breaker = Breaker(monotonic=monotonic)
        self._failures_in_a_row = 0

    async def query(self, expression: str) -> Vector:
        """Evaluate an expression now.

        Raises
        ------
        Unavailable
            If there is no good answer in time; the text says what to look at.
        """
        samples, warnings = await self._ask("vector", lambda: self._connect.custom_query(expression))
        return _vector(samples, warnings)

    async def query_range(self, expression: str, over: Range) -> Matrix:
        """Evaluate an expression at each moment of a range; raises as `query` does."""
        start, end = (datetime.fromtimestamp(at, UTC) for at in (over.start_at, over.end_at))
        exact = {"start": f"{over.start_at:.3f}", "end": f"{over.end_at:.3f}"}  # the client rounds to whole seconds
        step = f"{over.step_seconds:.3f}"
        rows, warnings = await self._ask(
            "matrix", lambda: self._connect.custom_query_range(expression, start, end, step, params=exact)
        )
        return await asyncio.to_thread(_matrix, rows, warnings)

    def close(self) -> None:
        """Close the connections."""
        self._connect.close()

    async def _ask(self, result_type: str, ask: Callable[[], list[Any]]) -> tuple[list[Any], tuple[str, ...]]:
        """Ask in a thread when it is our turn; one that fails again and again is left alone for a while."""
        if self._breaker.is_open(self.url):
            raise Unavailable(
                f"Prometheus at {self.url} failed {FAILURES_BEFORE_REST} times in a row; it is left to rest"
            )
        async with self._one_at_a_time:
            await self._wait_for_turn()
            try:
                answer = await asyncio.to_thread(self._asked, result_type, ask)
            except Unavailable:
                self._failures_in_a_row += 1
                if self._failures_in_a_row >= FAILURES_BEFORE_REST:
                    self._breaker.refused(self.url)
                raise
        self._failures_in_a_row = 0
        self._breaker.worked(self.url)
        return answer

    async def _wait_for_turn(self) -> None:
        if len(self._asked_at) == QUERIES_PER_MINUTE:
            await self._sleep(max(0.0, self._asked_at[0] + 60.0 - self._monotonic()))
        self._asked_at.append(self._monotonic())

    def _asked(self, result_type: str, ask: Callable[[], list[Any]]) -> tuple[list[Any], tuple[str, ...]]:
        self._session.deadline = self._monotonic() + self._deadline_seconds
        self._session.result_type, self._session.warnings = result_type, ()
        try:
            return ask(), self._session.warnings
        except requests.exceptions.SSLError as error:
            raise Unavailable(f"{self.url} has no certificate that we trust: {_short(error)}") from None
        except requests.exceptions.Timeout as error:
            raise Unavailable(f"Prometheus at {self.url} is too slow: {_short(error)}") from None
        except (requests.exceptions.RequestException, OSError) as error:
            raise Unavailable(f"no Prometheus answers at {self.url}: {_short(error)}; is this its URL?") from None
        except PrometheusApiClientException as error:
            raise Unavailable(f"Prometheus at {self.url} refused a query: {_short(error)}") from None


def _vector(samples: list[Any], warnings: tuple[str, ...]) -> Vector:
    numbers = [(sample.metric, _number(sample.value[1])) for sample in samples]
    kept = [(labels, value) for labels, value in numbers if math.isfinite(value)]
    return Vector(tuple(labels for labels, _ in kept), tuple(value for _, value in kept), warnings)


def _matrix(rows: list[Any], warnings: tuple[str, ...]) -> Matrix:
    return Matrix(tuple(row.metric for row in rows), tuple(tuple(_finite(row.values)) for row in rows), warnings)


def _finite(values: list[tuple[float, str]]) -> Iterator[tuple[float, float]]:
    return ((at, number) for at, text in values if math.isfinite(number := _number(text)))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Unavailable(f"Prometheus answered with the value {text[:40]!r}, which is no number") from None


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:300] or type(error).__name__
