"""Every metric of the operator, in a registry of its own; labels come from closed sets, never from a cluster's objects.

The parts of the operator set them, ``serve/server.py`` renders them. `Telemetry.once` is the rule for hostile input:
count each, log the first.
"""

import logging

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LOGGED_MAX = 1000


class Telemetry:
    """The operator's metrics; each attribute is one.

    >>> telemetry = Telemetry()
    >>> telemetry.rounds.inc()
    >>> "podlore_rounds_total 1.0" in telemetry.render().decode()
    True
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"podlore_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"podlore_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str) -> Histogram:
            return Histogram(f"podlore_{name}", text, registry=registry, buckets=SECONDS)

        self.build = gauge("build_info", "Always 1; which podlore and which models run.", "version", "model")
        self.mode = gauge("mode", "1 for the mode in force.", "mode")
        self.leader = gauge("leader", "1 if this replica may write.")
        self.synced = gauge("synced", "1 if every watched kind was listed.")
        self.watch_age = gauge("watch_age_seconds", "Since the API server was last heard of this kind.", "kind")
        self.objects = gauge("objects", "Objects in the picture of the cluster.", "kind")
        self.skipped = counter("skipped_total", "Input that was hostile or broken, and was skipped.", "source")
        self.unreadable = gauge("unreadable_objects", "Objects that could not be read so far.", "kind")
        self.loop_lag = gauge("loop_lag_seconds", "How late the event loop was at worst in the last few seconds.")

        self.rounds = counter("rounds_total", "Times the advisor was asked.")
        self.quick_rounds = counter(
            "rounds_quick_total", "Of them, those that looked only at the pods that had changed."
        )
        self.rounds_failed = counter("rounds_failed_total", "Times the advisor failed; the next round tries again.")
        self.advise_seconds = histogram("advise_seconds", "How long the advisor took.")
        self.latency_seconds = histogram("decision_latency_seconds", "From a change that was seen to written advice.")
        self.advice = gauge("advice", "Advice in the cluster, or in mind in dry run.", "pattern", "state")
        self.gpu_hours = gauge("gpu_hours_at_stake", "GPU-hours at stake in active advice.", "pattern")
        self.withheld = gauge("advice_withheld", "Advice that is not given, by the reason.", "reason")
        self.lacking = gauge("advice_lacking", "Advice that says less than it might, by the reason.", "reason")
        self.outcomes = gauge("advice_outcomes", "What came of earlier advice.", "pattern", "followed")
        self.feedback = gauge("advice_feedback", "What people said of the advice there is.", "pattern", "feedback")

        self.writes = counter("writes_total", "Requests to the API server that change something.", "what", "result")
        self.throttled = counter("write_wait_seconds_total", "Time writes waited for their turn.")
        self.refused = gauge("writes_refused", "1 while writes of this kind rest because RBAC refuses them.", "what")
        self.policy_accepted = gauge(
            "policy_accepted", "0 if the AdvisorPolicy was refused and the last good one holds."
        )
        self.metrics_available = gauge("metrics_available", "1 if GPU metrics come in.")
        self.metrics_reads = counter("metrics_reads_total", "Readings of GPU metrics from Prometheus.", "result")
        self.model_unseen = gauge(
            "model_unseen_share", "Share of lately classified texts of whose words the model knows less than half."
        )
        self.model_confidence = gauge("model_confidence_mean", "Mean probability of the classes it gave lately.")
        self._logged: set[str] = set()

    def once(self, logger: logging.Logger, source: str, text: object) -> None:
        """Count a piece of bad input; log it if nothing like it was logged before."""
        self.skipped.labels(source).inc()
        line = " ".join(str(text).split())[:500]
        if len(self._logged) < LOGGED_MAX and line not in self._logged:
            self._logged.add(line)
            logger.warning("skipped %s: %s", source, line)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
