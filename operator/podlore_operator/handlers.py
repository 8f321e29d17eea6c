"""What kopf runs: start and end of the process, and podlore's own kinds. Pods, nodes and events do not come this way.

kopf is slow where objects are many, and a create, update, field, timer or daemon handler writes into what it watches;
so all handlers are ``on.event``, return nothing, and only pass word on. ``podlore operator run`` runs this module with
the settings of its options; ``kopf run -m podlore_operator.handlers`` with those of the environment.
"""

import random
from collections.abc import Iterator
from typing import Any

import kopf

from podlore_operator.api.keys import GROUP
from podlore_operator.api.resource import VERSION
from podlore_operator.kopf_login import credentials, session
from podlore_operator.runtime import Runtime
from podlore_operator.settings import Settings

FINALIZER = "podlore.io/finalizer"


class JitteredBackOff:
    """Pauses between kopf's tries of a request: an iterable that starts over each time."""

    def __iter__(self) -> Iterator[float]:
        """Yield a minute's worth of growing pauses."""
        for seconds in (0.5, 1, 2, 4, 8, 16, 32):
            yield seconds * random.uniform(0.5, 1.5)


def configure(settings: kopf.OperatorSettings) -> None:
    """Set kopf to ask for little, wait with a bound, and write nothing."""
    settings.scanning.disabled = True  # no look at CRDs and namespaces, so no rights to it
    settings.peering.standalone = True  # leadership is a Lease's, see podlore_operator.lease
    settings.posting.enabled = False  # Events are ours: deduplicated, see podlore_operator.kubernetes_events
    settings.networking.request_timeout = 15
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = JitteredBackOff()
    settings.watching.server_timeout = 300
    settings.watching.connect_timeout = 5
    settings.watching.reconnect_backoff = 1.0
    settings.queueing.idle_timeout = 1.0
    settings.queueing.exit_timeout = 2
    settings.process.ultimate_exiting_timeout = 25  # within the pod's 30 s of grace
    settings.execution.max_workers = 4
    settings.persistence.finalizer = FINALIZER  # never used: no handler of ours needs one
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: Any) -> None:  # noqa: ANN401
    """Start the operator, unless ``podlore operator run`` has done so already."""
    configure(settings)
    if "runtime" not in memo:
        memo.runtime = Runtime(Settings.from_environment())
        await memo.runtime.start()


@kopf.on.cleanup()
async def end(memo: kopf.Memo, **_: Any) -> None:  # noqa: ANN401
    """End the operator; an end that nobody asked for becomes kopf's own, so that the exit status tells of it."""
    await memo.runtime.stop()
    if memo.runtime.failure is not None:
        raise kopf.PermanentError(str(memo.runtime.failure))


@kopf.on.login()
async def login(memo: kopf.Memo, **_: Any) -> kopf.AiohttpSession:  # noqa: ANN401
    """Sign in as the operator does."""
    settings = memo.runtime.settings
    return session(credentials(settings.kubeconfig, settings.context))


@kopf.on.event(GROUP, VERSION, "advisorpolicies")
async def policy_changed(type: str | None, body: kopf.Body, memo: kopf.Memo, **_: Any) -> None:  # noqa: A002, ANN401
    """Pass on what a policy says now."""
    memo.runtime.policy_changed(dict(body), is_gone=type == "DELETED")


@kopf.on.event(GROUP, VERSION, "schedulingadvices")
@kopf.on.event(GROUP, VERSION, "clusterschedulingadvices")
async def advice_changed(type: str | None, body: kopf.Body, memo: kopf.Memo, **_: Any) -> None:  # noqa: A002, ANN401
    """Pass on what people, or we, wrote into an advice."""
    memo.runtime.advice_changed(dict(body), is_gone=type == "DELETED")


@kopf.on.event(GROUP, VERSION, "patternrules")
async def pattern_rule_changed(type: str | None, body: kopf.Body, memo: kopf.Memo, **_: Any) -> None:  # noqa: A002, ANN401
    """Pass on what a rule of the cluster's says now."""
    memo.runtime.pattern_rule_changed(dict(body), is_gone=type == "DELETED")
