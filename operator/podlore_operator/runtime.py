"""One operator process: makes the parts, starts them, watches over them, and ends them in order.

Started by ``podlore operator run`` or by ``handlers`` under ``kopf run``. Every part runs for ever; one that ends takes
the process with it, and Kubernetes starts a fresh one: all there is to know is in the cluster.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import podlore
from podlore.cluster_state import ClusterState
from podlore.errors import BadInput, Unavailable
from podlore.policy import Mode
from podlore.rules.watch import RuleWatch
from podlore_operator.advice_book import AdviceBook
from podlore_operator.api.resource import API_VERSION
from podlore_operator.apply import Sender, Writer
from podlore_operator.impact_reports import ImpactReports
from podlore_operator.kubernetes_events import EventTeller
from podlore_operator.lease import Elector
from podlore_operator.lease_store import ApiLease
from podlore_operator.listing import list_all
from podlore_operator.logs_loop import LogsLoop
from podlore_operator.loop import AdviceLoop
from podlore_operator.metrics.prometheus import Prometheus
from podlore_operator.metrics_loop import MetricsLoop
from podlore_operator.noticing import Noticing
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.observer import Observer
from podlore_operator.observe.refused import Refused
from podlore_operator.office import LIST_SECONDS, Office
from podlore_operator.pattern_rules import PatternRules
from podlore_operator.pod_annotations import Annotator
from podlore_operator.policy_keeper import POLICY_NAME, Grants, PolicyKeeper
from podlore_operator.policy_status import PolicyStatusWriter
from podlore_operator.serve.loop_lag import LoopLag
from podlore_operator.serve.server import Server
from podlore_operator.serve.telemetry import Telemetry
from podlore_operator.serve.views import measure, views
from podlore_operator.settings import Settings
from podlore_operator.state_store import StateStore
from podlore_operator.watched_model import WatchedModel
from podlore_operator.write_requests import policy_collection

logger = logging.getLogger(__name__)

FIRST_METRICS_SECONDS = 30.0


class Runtime:
    """An operator process.

    Parameters
    ----------
    settings
        How it is to run.
    on_failure
        Called when a part has ended; by default the process is asked to end.
    """

    def __init__(
        self,
        settings: Settings,
        on_failure: Callable[[], None] = lambda: signal.raise_signal(signal.SIGTERM),
    ) -> None:
        self.settings = settings
        self.failure: BaseException | None = None
        self.telemetry = Telemetry()
        self.clock = settings.clock
        self.watch = RuleWatch()
        self.state = ClusterState(self.clock, self.watch)
        self.pattern_rules = PatternRules(self.watch, self.clock)
        self.book = AdviceBook()
        grants = Grants(settings.max_mode, settings.allow_annotations, settings.allow_events, settings.allow_logs)
        self.keeper = PolicyKeeper(grants, dry_run=settings.dry_run)
        self._on_failure = on_failure
        self._tasks: list[asyncio.Task[Any]] = []
        self._closing = contextlib.AsyncExitStack()
        self.lag = LoopLag()

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Check what is needed, and start.

        Raises
        ------
        PodloreError
            If something that is needed is missing; its text says the way out.
        """
        try:
            await self._start()
        except BaseException:
            await self._closing.aclose()
            raise

    async def stop(self) -> None:
        """End in order: no more rounds, what is remembered is saved, the Lease is given back."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if tasks:
            await self.loop.save()
            await self.office.resign()
        await self._closing.aclose()

    async def _start(self) -> None:
        settings = self.settings
        self.model = WatchedModel(settings.model, self.telemetry, self._say_what_speaks)
        self.api = await self._closing.enter_async_context(Connection.open(settings.kubeconfig, settings.context))
        prometheus = Prometheus(settings.prometheus) if settings.prometheus else None
        self._make_parts(settings.namespace or self.api.namespace, prometheus)
        await self._check_kinds()
        await self._read_policy()
        if prometheus is not None:
            self._closing.callback(prometheus.close)
            await prometheus.query("vector(1)")
        await self.server.start()
        self._closing.push_async_callback(self.server.stop)
        self._say_what_runs()
        seeing = self.observer.run(), self.metrics.run(), self._read_logs(), self._keep_policy(), self.model.run()
        telling = self.lag.run(), measure(self), self.pattern_rules.run(self._sender)
        for part in (*seeing, *telling, self._advise()):
            self._run(part)

    def _make_parts(self, namespace: str, prometheus: Prometheus | None) -> None:
        settings, telemetry, clock = self.settings, self.telemetry, self.clock
        lease = ApiLease(self.api, namespace, settings.name)
        elector = Elector(lease, settings.identity, on_change=lambda _: self.loop.wake()) if settings.lease else None
        self.office = Office(
            api=self.api,
            keeper=self.keeper,
            state=self.state,
            book=self.book,
            telemetry=telemetry,
            elector=elector,
            clock=clock,
        )
        sender = Sender(self.api, self.office.may_write, telemetry)
        store = StateStore(self.api, sender, clock, telemetry, namespace=namespace, name=f"{settings.name}-state")
        self._sender = sender
        self.loop = AdviceLoop(
            book=self.book,
            office=self.office,
            writer=Writer(sender, self.book, telemetry, Annotator(sender), EventTeller(sender, settings.identity)),
            store=store,
            policy_status=PolicyStatusWriter(sender, self.keeper, clock, telemetry, self.model.knows),
            reports=ImpactReports(sender, clock),
            telemetry=telemetry,
            clock=clock,
            model_version=lambda: self.model_version,
            classifier=self.model,
        )
        self.observer = Observer(self.api, clock, Noticing(self.state, self.loop.wake))
        self.metrics = MetricsLoop(
            prometheus=prometheus, state=self.state, clock=clock, telemetry=telemetry, changed=self.loop.wake
        )
        self.logs = LogsLoop(api=self.api, state=self.state, clock=clock, telemetry=telemetry, changed=self.loop.wake)
        self.server = Server(*settings.host_and_port, views(self))

    def _run(self, part: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(part)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or self.failure is not None:
            return
        self.failure = task.exception() or AssertionError(f"{task.get_coro()} ended")
        logger.critical("a part of the operator has ended", exc_info=self.failure)
        self._on_failure()

    # --- what is needed ---------------------------------------------------------------------------------------------

    async def _check_kinds(self) -> None:
        """See whether the API server answers us and serves podlore's kinds; dry run does without them."""
        try:
            await self.api.request("GET", f"/apis/{API_VERSION}")
        except Refused as refusal:
            if refusal.status != 404:
                raise
            if not self.settings.dry_run:
                raise Unavailable(
                    f"{self.api.server} does not serve {API_VERSION}: install the chart, or podlore crds | "
                    "kubectl apply -f -; or try it with --dry-run, which needs nothing"
                ) from None

    async def _read_policy(self) -> None:
        """Take in the policy, or that there is none."""
        listed, _ = await list_all(self.api, policy_collection())
        named = [obj for obj in listed if obj["metadata"]["name"] == POLICY_NAME]
        self.policy_changed(named[0] if named else {"metadata": {"name": POLICY_NAME}}, is_gone=not named)

    async def _keep_policy(self) -> None:
        """Read the policy once in a while although it is watched: what a watch missed must not stay wrong."""
        while True:
            await asyncio.sleep(LIST_SECONDS)
            try:
                await self._read_policy()
            except Unavailable as error:
                logger.warning("%s", error)

    @property
    def model_version(self) -> str:
        """Which podlore and which classifier speak."""
        events = f", events {self.model.version}" if self.model.version else ""
        return f"podlore {podlore.__version__}{events}"

    # --- what kopf tells --------------------------------------------------------------------------------------------

    def policy_changed(self, obj: dict[str, Any], *, is_gone: bool = False) -> None:
        """Take in an AdvisorPolicy as it is now."""
        if (obj.get("metadata") or {}).get("name") != POLICY_NAME:
            return
        if is_gone:
            self.keeper.withdraw()
        else:
            self.keeper.offer(obj)
        verdict = self.keeper.verdict
        if verdict and not verdict.accepted:
            self.telemetry.once(logger, "policy", f"{verdict.reason}: {verdict.message}")
        self._use_policy()

    def advice_changed(self, obj: dict[str, Any], *, is_gone: bool = False) -> None:
        """Take in an advice as it is now."""
        try:
            changed = self.book.forget(obj) if is_gone else self.book.put(obj)
        except BadInput as error:
            self.telemetry.once(logger, "advice", error)
            return
        if changed:
            self.loop.wake()

    def pattern_rule_changed(self, obj: dict[str, Any], *, is_gone: bool = False) -> None:
        """Take in a rule of the cluster's own as it is now."""
        if is_gone:
            self.pattern_rules.forget(obj["metadata"]["name"])
        else:
            self.pattern_rules.put(obj)
        self.loop.wake()

    def _use_policy(self) -> None:
        policy = self.keeper.in_force
        self.state.set_policy(policy)
        for mode in Mode:
            self.telemetry.mode.labels(mode).set(mode is policy.mode)
        self.loop.wake()

    # --- parts ------------------------------------------------------------------------------------------------------

    async def _read_logs(self) -> None:
        """Read logs once it is known which pods there are."""
        await self.observer.synced()
        await self.logs.run()

    async def _advise(self) -> None:
        """Run rounds once everything was listed and metrics had their first chance."""
        await self.observer.synced()
        logger.info("everything is listed: %d pods", len(self.state.snapshot().pods))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_METRICS_SECONDS):
                await self.metrics.has_read.wait()
        await self.loop.run()

    def _say_what_speaks(self) -> None:
        self.telemetry.build.clear()
        self.telemetry.build.labels(podlore.__version__, self.model_version).set(1)
        self.loop.wake()

    def _say_what_runs(self) -> None:
        self._say_what_speaks()
        settings = self.settings
        logger.info(
            "podlore %s as %s on %s, mode %s, http://%s:%d",
            podlore.__version__,
            settings.identity,
            self.api.server,
            self.keeper.in_force.mode,
            settings.host_and_port[0],
            self.server.port,
        )
