"""kopf's own line to the API server, by the same credentials as podlore's; called by ``podlore_operator.handlers``.

kopf keeps a session for as long as the server accepts it, but a service account's token is renewed every hour: it is
read anew for each request.
"""

from pathlib import Path

import aiohttp
import kopf

from podlore.errors import Unavailable
from podlore_operator.observe.credentials import Credentials, from_kubeconfig, in_cluster


def credentials(kubeconfig: Path | None, context: str | None) -> Credentials:
    """Return the credentials of a kubeconfig where one is given or found, else of the pod's service account."""
    try:
        return from_kubeconfig(kubeconfig, context)
    except Unavailable:
        if kubeconfig or context:
            raise
        return in_cluster()


def session(found: Credentials) -> kopf.AiohttpSession:
    """Return a session that signs in with these credentials; call it in the event loop that uses it."""

    async def signed(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        token = found.token_file.read_text(encoding="ascii").strip() if found.token_file else found.token
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        if found.server_name:
            request.server_hostname = found.server_name
        return await handler(request)

    connector = aiohttp.TCPConnector(limit=0, ssl=found.tls if found.tls is not None else True)
    opened = aiohttp.ClientSession(
        connector=connector, middlewares=(signed,), proxy=found.proxy, headers={"User-Agent": "podlore (kopf)"}
    )
    return kopf.AiohttpSession(server=found.server, aiohttp_session=opened, default_namespace=found.namespace)
