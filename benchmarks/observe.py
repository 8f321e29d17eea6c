"""What watching costs: events a second of one core, and the sync of a large cluster, beside kopf and client 37.

    .venv/bin/python benchmarks/observe.py [--pods 3000] [--events 9000] [--nodes 1000] [--sync-pods 10000]

Each contender runs in a process of its own against a fake API server in another, which serves pods of about 6 KB. The
first table counts the contender's CPU time from the first event of the watch to the last: parsing included, the server
not. The second one is the time from the contender's start to a synced cluster, and its peak of memory. kopf runs an
empty event handler, the official client an informer with empty handlers; podlore fills its ClusterState, with history,
and takes a snapshot.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

CONTENDERS = ("podlore", "client", "kopf")
HERE = Path(__file__).parent


class Measured(NamedTuple):
    """What a contender reported."""

    events: int
    cpu_seconds: float
    synced_seconds: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Events a second of one core."""
        return self.events / self.cpu_seconds


def script(name: str, *arguments: object) -> list[str]:
    """Return the command of a script beside this one."""
    return [sys.executable, str(HERE / f"observe_{name}.py"), *map(str, arguments)]


def measure(name: str, *, pods: int, nodes: int, events: int) -> Measured:
    """Run one contender on a fresh server."""
    with subprocess.Popen(script("server", pods, nodes, events), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            command = script(name, url, pods + nodes, *(["--with-events"] if events else []))
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        finally:
            server.terminate()
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("pods", 3000), ("events", 9_000), ("nodes", 1000), ("sync-pods", 10_000)):
        parser.add_argument(f"--{option}", type=int, default=default)
    options = parser.parse_args()

    found = {name: measure(name, pods=options.pods, nodes=1, events=options.events) for name in CONTENDERS}
    print(f"{f'{options.events:,} events of {options.pods:,} pods':34}   events    CPU s   events/CPU s    ×kopf")
    for name, one in found.items():
        print(
            f"{name:34} {one.events:8,} {one.cpu_seconds:8.2f} {one.rate:14,.0f} {one.rate / found['kopf'].rate:8.1f}"
        )

    print(f"\n{f'{options.nodes:,} nodes, {options.sync_pods:,} pods':34}  seconds until synced    peak MiB")
    for name in CONTENDERS:
        one = measure(name, pods=options.sync_pods, nodes=options.nodes, events=0)
        print(f"{name:34} {one.synced_seconds:21.1f} {one.peak_mib:11,.0f}")


if __name__ == "__main__":
    main()
