"""The report of a day: written once, bounded in number, and as the API server's schema has it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from podlore.clock import Clock
from podlore.impact.day_samples import DAY_SECONDS, DaySamples, GpuSample
from podlore.snapshot import Snapshot
from podlore.testing import NOW, snapshot
from podlore_operator.api.impact_report import ImpactReport
from podlore_operator.apply import Dropped
from podlore_operator.impact_reports import ImpactReports, name_of
from podlore_operator.observe.refused import Refused
from podlore_operator.write_requests import WriteRequest

BEGIN = NOW // DAY_SECONDS * DAY_SECONDS
CLOCK = Clock()


@dataclass
class Server:
    """Keeps reports as an API server would, and refuses to delete what is not there."""

    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    works: bool = True

    async def send(self, request: WriteRequest) -> None:
        if not self.works:
            raise Dropped("not now")
        name = request.path.split("/impactreports/")[1].split("/")[0]
        if request.method == "DELETE":
            if self.reports.pop(name, None) is None:
                raise Refused("no such report", status=HTTPStatus.NOT_FOUND)
        else:
            self.reports[name] = self.reports.get(name, {}) | request.body


def day(begin: float) -> Sequence[GpuSample]:
    return [GpuSample(begin + n * 300, 8, 4, 3, 8.0) for n in range(288)]


def seen(now: float) -> Snapshot:
    return replace(snapshot(), now=now)


async def written(server: Server, samples: DaySamples, now: float) -> bool:
    return await ImpactReports(server, CLOCK).write(samples, seen(now), [], "test")  # type: ignore[arg-type]


async def test_a_day_that_is_over_is_reported_once() -> None:
    server, samples = Server(), DaySamples(day(BEGIN))
    assert not await written(server, samples, BEGIN + DAY_SECONDS - 1)
    assert await written(server, samples, BEGIN + DAY_SECONDS)
    assert not await written(server, samples, BEGIN + DAY_SECONDS + 60)
    [report] = [ImpactReport.read(one) for one in server.reports.values()]
    assert report.status
    assert report.status.utilization
    assert report.status.utilization.allocated_percent
    assert report.status.utilization.allocated_percent.value == "50"
    assert report.spec.period.start.isoformat() == "2027-01-15T00:00:00+00:00"


async def test_only_the_last_two_weeks_are_kept() -> None:
    server = Server()
    for number in range(20):
        begin = BEGIN + number * DAY_SECONDS
        assert await written(server, DaySamples(day(begin)), begin + DAY_SECONDS)
    kept = [name_of(CLOCK, BEGIN + number * DAY_SECONDS) for number in range(6, 20)]
    assert sorted(server.reports) == kept


async def test_what_could_not_be_written_is_tried_again() -> None:
    server, samples = Server(works=False), DaySamples(day(BEGIN))
    assert not await written(server, samples, BEGIN + DAY_SECONDS)
    server.works = True
    assert await written(server, samples, BEGIN + DAY_SECONDS + 60)
    assert len(server.reports) == 1
