"""What an operator remembers, read by whoever may read its ConfigMap; called by ``podlore snapshot`` and ``advice``."""

from typing import TYPE_CHECKING

import typer

from podlore.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from podlore_operator.observe.connection import Connection
    from podlore_operator.remembered import Remembered


async def read_memory(api: "Connection", namespace: str, name: str) -> "Remembered | None":
    """Return what the operator called ``name`` remembers; None, said on standard error, where there is nothing."""
    from podlore_operator.remembered import content_of, unpack

    path = f"/api/v1/namespaces/{namespace}/configmaps/{name}-state"
    try:
        content = content_of((await api.request("GET", path)).json())
        return unpack(content) if content else None
    except (BadInput, Unavailable) as error:
        typer.echo(f"podlore: no memory of an operator: {error}", err=True)
        return None
