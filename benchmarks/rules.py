"""How fast rules are matched: MB per CPU-second with all, 15 and 1 of the public rules, and the memory of a flood.

The log is benign lines with one line in a hundred taken from the rules' own test logs; stamps, folding, windows and
vetoes are all paid. Run it with the folder of public rules (rule.yaml and test.log a folder):

    python benchmarks/rules.py ../shared/data/cre/open [--megabytes 20]
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from podlore.rules import Entity, Rule, RuleEngine, load_rules, scan_file
from podlore.rules.load import parse_rules

BARS_MB_PER_CPU_SECOND = {"all": 60, "15": 200, "1": 400}
FLOOD_BAR_MB = 150
FLOOD_LINES = 1_000_000
FLOOD_RULE = """
rules:
- cre: {id: BENCH-FLOOD, title: a flood}
  rule:
    sequence:
      window: 1h
      event: {source: bench}
      order: [request failed, never seen in this log]
"""
BENIGN = (
    'level=info ts={stamp} caller=http.go:194 msg="GET /ready" status=200 duration={n}ms',
    "reconciled deployment web-{n} in namespace team-{n}, nothing to do",
    'time="{stamp}" level=info msg="starting worker {n}" component=controller worker_count=4',
    "pod web-{n} is running on node gpu-{n}; 8 of 8 replicas are ready",
    '{{"level":"info","msg":"request served","path":"/api/v1/items/{n}","latency_ms":{n}}}',
    "step {n} loss 2.31 throughput 1180 samples/s learning rate 3.0e-4",
    "synced 12 services and 40 endpoints after {n} ms",
)


def main() -> None:
    arguments = _arguments()
    if arguments.flood:
        return _flood()
    rules = load_rules(sorted(arguments.rules.glob("*/rule.yaml")))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "bench.log"
        _write(log, arguments.megabytes, arguments.rules)
        for name, chosen in {"all": rules, "15": _of_one_product(rules), "1": rules[:1]}.items():
            _measure(name, chosen, log, arguments.repeat, use_hyperscan=not arguments.re2)
    print(f"memory of a flood: {_flood_megabytes():.0f} MB (bar {FLOOD_BAR_MB})")
    return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", type=Path, nargs="?", default=Path("../shared/data/cre/open"))
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=1, help="how often each is measured; all results are shown")
    parser.add_argument("--re2", action="store_true", help="without Hyperscan")
    parser.add_argument("--flood", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _of_one_product(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return up to 15 rules, those of the sources with the most rules first."""
    n_rules = Counter(rule.patterns[0].source for rule in rules)
    return tuple(sorted(rules, key=lambda rule: (-n_rules[rule.patterns[0].source], rule.patterns[0].source))[:15])


def _write(path: Path, megabytes: int, folder: Path) -> None:
    rule_lines = [line for log in sorted(folder.glob("*/test.log")) for line in log.read_bytes().splitlines() if line]
    with path.open("wb") as file:
        for line in _lines(rule_lines, megabytes * 10**6):
            file.write(line)


def _lines(rule_lines: list[bytes], n_bytes: int) -> Iterator[bytes]:
    draw = random.Random(7)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    written = 0
    while written < n_bytes:
        now += timedelta(milliseconds=draw.randrange(20))
        stamp = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
        if draw.random() < 0.01:
            said = draw.choice(rule_lines)
        else:
            said = draw.choice(BENIGN).format(stamp=stamp, n=draw.randrange(1000)).encode()
        line = stamp.encode() + b" " + said + b"\n"
        written += len(line)
        yield line


def _measure(name: str, rules: tuple[Rule, ...], log: Path, repeat: int, *, use_hyperscan: bool) -> None:
    megabytes = log.stat().st_size / 1e6
    for _ in range(repeat):
        engine = RuleEngine(rules, lateness_ns=None, use_hyperscan=use_hyperscan)
        engine.push(Entity("warm"), 0, b"warm up", 0)
        with log.open("rb") as file:
            started = time.process_time()
            n_matches = sum(1 for _ in scan_file(engine, file, Entity("bench"))) + len(engine.finish())
            rate = megabytes / (time.process_time() - started)
        bar = BARS_MB_PER_CPU_SECOND[name]
        print(f"{name:>3} ({len(rules)} rules): {rate:.0f} MB per CPU-second (bar {bar}), {n_matches} matches")


def _flood_megabytes() -> float:
    shown = subprocess.run([sys.executable, __file__, "--flood"], check=True, capture_output=True, text=True)
    return float(shown.stdout)


def _flood() -> None:
    """Feed a million matching lines within the hour and print the peak of this process, in MB."""
    engine = RuleEngine(parse_rules(FLOOD_RULE).rules, lateness_ns=None)
    with tempfile.TemporaryFile() as file:
        file.writelines(
            b"2026-01-01T00:%02d:%02dZ request failed: upstream is gone, attempt %d\n" % (i // 20_000, i // 400 % 50, i)
            for i in range(FLOOD_LINES)
        )
        file.seek(0)
        list(scan_file(engine, file, Entity("flood")))
        engine.finish()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
