"""What docs/operator.md says is what the code does."""

from pathlib import Path

import pytest

from podlore.policy import Limits
from podlore_operator import apply, breaker, lease, lifecycle, reconcile, remembered, silence
from podlore_operator.api import convert
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.serve.views import AGE_SECONDS_MAX

TEXT = (Path(__file__).parents[2] / "docs" / "operator.md").read_text()
TIMING = lease.Timing()
LIMITS = Limits()


def test_every_metric_is_described_by_its_own_words() -> None:
    for family in Telemetry().registry.collect():
        if family.name.startswith("podlore_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            assert f"| `{name}` | {family.type} | {family.documentation} |" in TEXT


@pytest.mark.parametrize(
    "said",
    [
        f"refreshed every {reconcile.REFRESH_SECONDS / 3600:g} h",
        f"at most every {reconcile.DETAIL_SECONDS / 60:g} min",
        f"resolved after {silence.RESOLVED_AFTER_SECONDS / 60:g} min",
        f"{convert.TIME_TO_LIVE_SECONDS / 3600:g} h after it was resolved",
        f"{lifecycle.ACKNOWLEDGED_SECONDS / 86400:g} days after it was acknowledged",
        f"{LIMITS.active_per_namespace_max} active a namespace, {LIMITS.active_max:,} a cluster, "
        f"{LIMITS.per_namespace_day_max} new a namespace and day",
        f"a Lease ({TIMING.lease_seconds:g} s; renewed every {TIMING.retry_seconds:g} s; "
        f"nothing is written {TIMING.renew_seconds:g} s after",
        f"{apply.WRITES_PER_SECOND:g} writes a second, burst {apply.WRITES_BURST:g}",
        f"rests for {breaker.REST_SECONDS_FIRST:g} s to {breaker.REST_SECONDS_LAST / 60:g} min",
        f"at most {remembered.BYTES_MAX / 1024:g} KiB",
        f"not older than {AGE_SECONDS_MAX / 60:g} min",
    ],
)
def test_every_number_is_that_of_the_code(said: str) -> None:
    assert said in TEXT
