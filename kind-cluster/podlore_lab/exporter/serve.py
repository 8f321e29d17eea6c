"""The exporter's process: follows pods and nodes of the lab, answers Prometheus. ``python -m podlore_lab.exporter``."""

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from aiohttp import web

from podlore.errors import Unavailable
from podlore_lab.exporter.exposition import Exposition
from podlore_lab.exporter.fleet import Fleet, Json
from podlore_lab.exporter.node_page import NodePage
from podlore_lab.patient_api import PatientApi

LOOPBACK = "127.0.0.1"
NODE_PATH = "/metrics/node"
"""What the node's own exporter and the kubelet would say, beside DCGM's exporter."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Options:
    """How the exporter is run; see ``python -m podlore_lab.exporter --help``."""

    kubeconfig: Path
    port: int
    clock_scale: float = 1.0
    seed: int = 0
    sm_active: bool = False
    hostname_label: str = "Hostname"


async def serve(options: Options) -> None:
    """Answer scrapes until SIGTERM or SIGINT; a refusal by the API server ends it with an error."""
    fleet = Fleet(speed=options.clock_scale, rng=np.random.default_rng(options.seed))
    exposition = Exposition(fleet, sm_active=options.sm_active, hostname_label=options.hostname_label)
    known = {"nodes": False, "pods": False}
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def replace_nodes(nodes: list[Json]) -> None:
        fleet.replace_nodes(nodes)
        known["nodes"] = True

    def replace_pods(pods: list[Json]) -> None:
        fleet.replace_pods(pods)
        known["pods"] = True

    async with PatientApi(options.kubeconfig) as api:
        runner = await _listen({"/metrics": exposition, NODE_PATH: NodePage(fleet)}, known, options.port)
        tasks = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(api.follow("/api/v1/nodes", replace_nodes, fleet.apply_node)),
            asyncio.create_task(api.follow("/api/v1/pods", replace_pods, fleet.apply_pod)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task  # raises what ended it
        finally:
            for task in tasks:
                task.cancel()
            await runner.cleanup()


async def _listen(pages: dict[str, Exposition | NodePage], known: dict[str, bool], port: int) -> web.AppRunner:
    async def metrics(request: web.Request) -> web.Response:
        if not all(known.values()):
            return web.Response(status=503, text="pods and nodes are not listed yet\n")
        return web.Response(body=pages[request.path].render().encode(), headers={"Content-Type": CONTENT_TYPE})

    async def health(_request: web.Request) -> web.Response:
        return web.Response(status=200 if all(known.values()) else 503, text="ok\n" if all(known.values()) else "no\n")

    app = web.Application()
    app.add_routes([*(web.get(path, metrics) for path in pages), web.get("/healthz", health)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise Unavailable(f"port {port} cannot be used: {reason}; choose another with --port") from None
    return runner


def run(options: Options) -> None:
    """Run the exporter in this process until it is told to end."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options))
