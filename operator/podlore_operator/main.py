"""Runs the operator under kopf in this process; called by ``podlore operator run``."""

import kopf

from podlore_operator import handlers
from podlore_operator.runtime import Runtime
from podlore_operator.settings import Settings


async def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    What is needed is checked before kopf starts, so that what is missing is one line and not a traceback.

    Raises
    ------
    PodloreError
        If something that is needed is missing.
    Exception
        If a part of the operator, or kopf, has ended for any reason but a signal.
    """
    runtime = Runtime(settings)
    await runtime.start()
    try:
        await kopf.operator(
            registry=kopf.get_default_registry(), memo=kopf.Memo(runtime=runtime), clusterwide=True, standalone=True
        )
    except Exception:
        if runtime.failure is None:
            raise
    finally:
        await runtime.stop()
    if runtime.failure is not None:
        raise runtime.failure


__all__ = ["handlers", "main"]
