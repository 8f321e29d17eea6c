"""The operator's HTTP server: probes, metrics, and for those on the machine itself its advice and its snapshot.

==========  ==============================================================  ===============================
path        what                                                            whom it answers
==========  ==============================================================  ===============================
/livez      200 while the process works, else 503 with the reasons          everybody who can connect
/readyz     200 once every kind was listed, else 503                        everybody who can connect
/metrics    Prometheus' text format                                         everybody who can connect
/advice     all advice as a list of Kubernetes objects, also in dry run     loopback only
/snapshot   the whole picture of the cluster, as ``podlore snapshot`` has   loopback only
==========  ==============================================================  ===============================

Advice and snapshot name every team's work, so they are answered on loopback alone: who may ``kubectl port-forward`` to
the pod reads them, and nobody else on the network. A request that a foreign web page makes a browser send is refused by
its Host.
"""

import errno
import ipaddress
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from podlore.errors import Unavailable

logger = logging.getLogger(__name__)

JSON_TYPE = "application/json"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Views:
    """What the server shows; the first two return what is wrong, nothing when all is well."""

    not_alive: Callable[[], list[str]]
    not_ready: Callable[[], list[str]]
    metrics: Callable[[], bytes]
    advice: Callable[[], bytes]
    snapshot: Callable[[], bytes]


class Server:
    """Serves `Views` from `start` until `stop`."""

    def __init__(self, host: str, port: int, views: Views) -> None:
        self._host = host
        self._port = port
        self._views = views
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Begin to listen.

        Raises
        ------
        Unavailable
            If the address cannot be had.
        """
        app = web.Application()
        app.router.add_get("/livez", _probe(self._views.not_alive))
        app.router.add_get("/readyz", _probe(self._views.not_ready))
        app.router.add_get("/metrics", _answer(self._views.metrics, METRICS_TYPE))
        app.router.add_get("/advice", _on_loopback(self._views.advice))
        app.router.add_get("/snapshot", _on_loopback(self._views.snapshot))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.stop()
            reason = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror or error
            raise Unavailable(
                f"cannot listen on {self._host}:{self._port}: {reason}; choose another address by --listen"
            ) from None

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        """The port in use, also where any free one was asked for."""
        addresses = self._runner.addresses if self._runner else []
        return int(addresses[0][1]) if addresses else self._port


def _probe(problems: Callable[[], list[str]]) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        found = problems()
        return web.Response(text="\n".join(found or ["ok"]) + "\n", status=503 if found else 200)

    return answer


def _answer(view: Callable[[], bytes], content_type: str) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=view(), headers={"Content-Type": content_type})

    return answer


def _on_loopback(view: Callable[[], bytes]) -> Handler:
    answer = _answer(view, JSON_TYPE)

    async def answer_the_near(request: web.Request) -> web.Response:
        host = (request.url.host or "").lower()
        if _is_loopback(request.remote) and (host == "localhost" or _is_loopback(host)):
            return await answer(request)
        return web.Response(status=403, text="only on loopback: kubectl port-forward, then http://127.0.0.1\n")

    return answer_the_near


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
