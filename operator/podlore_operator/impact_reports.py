"""One ImpactReport a day, from what the operator itself saw: samples come in, a report leaves when the day is over.

Called by ``podlore_operator.loop`` after each round. A day of which too little was seen gets no report, a report is
written once, and the one of two weeks ago goes. A dry run writes none.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from podlore.clock import Clock
from podlore.impact.day_samples import DAY_SECONDS, DaySamples
from podlore.snapshot import Snapshot
from podlore_operator.api.advice import Advice, Feedback
from podlore_operator.api.convert import wall_time
from podlore_operator.api.impact_report import (
    Accessibility,
    AdviceCounts,
    CostReport,
    Estimate,
    ImpactReport,
    ImpactReportSpec,
    ImpactReportStatus,
    Period,
    Queueing,
    Utilization,
)
from podlore_operator.api.resource import API_VERSION, ApiModel
from podlore_operator.api.significant import two_digits
from podlore_operator.apply import Dropped, Sender
from podlore_operator.observe.connection import APPLY_PATCH
from podlore_operator.observe.refused import Refused
from podlore_operator.write_requests import MANAGER, STATUS_MANAGER, WriteRequest, applied

if TYPE_CHECKING:
    from podlore.impact.period import PeriodImpact

logger = logging.getLogger(__name__)

REPORTS_KEPT = 14


class ImpactReports:
    """Writes reports.

    Parameters
    ----------
    sender
        The writer's: fenced, so that only the leader reports.
    """

    def __init__(self, sender: Sender, clock: Clock) -> None:
        self._sender = sender
        self._clock = clock

    async def write(self, samples: DaySamples, snapshot: Snapshot, held: Iterable[Advice], model_version: str) -> bool:
        """Write the report that is due, and say whether one was written; its samples are then done with."""
        begins = samples.complete_day(snapshot.now)
        if begins is None:
            return False
        from podlore.impact.period import period_impact  # noqa: PLC0415 - scipy: 75 MiB, once a day

        end = begins + DAY_SECONDS
        impact = await asyncio.to_thread(period_impact, begins, end, samples.all, snapshot.history)
        spec, status = report_of(impact, held, self._clock, model_version)
        name = name_of(self._clock, begins)
        old = name_of(self._clock, begins - REPORTS_KEPT * DAY_SECONDS)
        try:
            for request in (*_applies(name, spec, status), _delete(old)):
                await self._send(request)
        except (Refused, Dropped) as error:
            logger.warning("the impact report %s was not written: %s", name, error)
            return False
        samples.forget_before(end)
        return True

    async def _send(self, request: WriteRequest) -> None:
        try:
            await self._sender.send(request)
        except Refused as refusal:
            if request.method != "DELETE" or refusal.status != HTTPStatus.NOT_FOUND:
                raise


def name_of(clock: Clock, begins: float) -> str:
    """Return the name of the report of the day that begins then.

    >>> name_of(Clock(), 1_795_392_000.0)
    'impact-2026-11-23t0000'
    """
    return f"impact-{wall_time(clock, begins):%Y-%m-%dt%H%M}"


def report_of(
    impact: "PeriodImpact", held: Iterable[Advice], clock: Clock, model_version: str
) -> tuple[ImpactReportSpec, ImpactReportStatus]:
    """Return the report as the API server holds it; numbers have two significant digits."""
    found = {
        name: Estimate(value=two_digits(one.value), low=two_digits(one.low), high=two_digits(one.high))
        for name, one in impact.figures.items()
    }
    said = Counter(one.spec.feedback for one in held)
    period = Period(start=wall_time(clock, impact.start), end=wall_time(clock, impact.end))
    return ImpactReportSpec(period=period), ImpactReportStatus(
        utilization=_part(Utilization, found),
        queueing=Queueing(jobs=impact.jobs, **{name: found.get(name) for name in WAITS}),
        cost=_part(CostReport, found),
        accessibility=_part(Accessibility, found),
        advice=AdviceCounts(
            given=impact.given,
            followed=impact.followed,
            useful=said[Feedback.USEFUL],
            wrong=said[Feedback.WRONG],
        ),
        model_version=model_version[:128],
    )


WAITS = ("wait_seconds_median", "wait_seconds_p95")


def _part(kind: type[ApiModel], found: dict[str, Estimate]) -> Any:  # noqa: ANN401 - one of the report's parts
    told = {name: found[name] for name in kind.model_fields if name in found}
    return kind(**told) if told else None


def _path(name: str) -> str:
    return f"/apis/{API_VERSION}/{ImpactReport.presentation.plural}/{name}"


def _applies(name: str, spec: ImpactReportSpec, status: ImpactReportStatus) -> tuple[WriteRequest, WriteRequest]:
    head = {"apiVersion": API_VERSION, "kind": ImpactReport.__name__, "metadata": {"name": name}}
    made, told = {**head, "spec": spec.document()}, {**head, "status": status.document()}
    return (
        WriteRequest("impact-report", "PATCH", _path(name), made, applied(MANAGER), APPLY_PATCH),
        WriteRequest("impact-report", "PATCH", f"{_path(name)}/status", told, applied(STATUS_MANAGER), APPLY_PATCH),
    )


def _delete(name: str) -> WriteRequest:
    body = {"apiVersion": "v1", "kind": "DeleteOptions"}
    return WriteRequest("impact-report", "DELETE", _path(name), body)
