# ruff: noqa: PLC0415, D102, ANN401 - PyTorch is imported by workers only, and has no types here
"""Measure how PyTorch jobs slow each other on one GPU, alone and in pairs, in the columns of a file of pairs.

    python benchmarks/gpu_pairs.py --to pairs.csv                    # all pairs of ten configurations, 3 repeats
    python benchmarks/gpu_pairs.py --to pairs.csv --budget-seconds 540   # stop in time; the same command goes on
    python benchmarks/gpu_pairs.py --list
    python benchmarks/gpu_pairs.py --to tried.csv --pretend --first 4 --seconds 0.5 --repeats 1   # no GPU, no PyTorch

Needs PyTorch with CUDA and nvidia-smi, and a GPU that nobody else uses. Two processes share it by time slicing, or by
MPS where a daemon runs (``nvidia-cuda-mps-control -d``): write each kind into a file of its own. Each configuration has
two workers, made once; those that are not asked hold memory and compute nothing. A measurement is the number of whole
steps that a worker finishes, after a second of running in, in a window in which its neighbour runs as well.

Raw measurements are appended to ``TO.raw.jsonl`` one by one, so that an interrupted run loses nothing; the file of
pairs is made of their medians. Telemetry (SM and memory activity, memory, power) is of each job alone, by nvidia-smi.
With ``--pretend`` steps are short sleeps and telemetry is left blank: it tries the campaign, and measures nothing.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement
from pathlib import Path
from statistics import median
from typing import Any

RUN_IN_SECONDS = 1.0
PRETENDED = "pretended"
"""The name of the GPU that is none."""
TELEMETRY = ("utilization.gpu", "utilization.memory", "memory.used", "power.draw")
COLUMNS = (
    "gpu_type", "job_a", "batch_a", "job_b", "batch_b", "isolated_a", "isolated_b", "colocated_a", "colocated_b",
    "isolated_a_physical", "norm_a", "norm_b", "feasible",
    "sm_percent_a", "sm_percent_b", "dram_percent_a", "dram_percent_b",
    "memory_mib_a", "memory_mib_b", "power_watts_a", "power_watts_b",
)  # fmt: skip
Config = tuple[str, int]
CONFIGS: tuple[Config, ...] = (
    ("resnet-train", 32), ("resnet-train", 256), ("resnet-infer", 8), ("resnet-infer", 256),
    ("transformer-train", 8), ("transformer-train", 64), ("transformer-infer", 4), ("transformer-infer", 64),
    ("mlp-recommender-train", 4096), ("lstm-train", 64),
)  # fmt: skip


# --- the jobs: written here, no weights and no data from elsewhere ---


def job(config: Config) -> Callable[[], None]:
    """Return a function that does one step of a job."""
    import torch

    name, batch = config
    torch.manual_seed(0)
    kind, _, mode = name.rpartition("-")
    model, inputs = {"resnet": resnet, "transformer": transformer, "mlp-recommender": recommender, "lstm": lstm}[kind](
        batch
    )
    model = model.cuda()
    if mode == "train":
        return training_step(model, inputs)
    model.eval()

    def step() -> None:
        with torch.no_grad(), torch.autocast("cuda", dtype=torch.bfloat16):
            model(*inputs)
        torch.cuda.synchronize()

    return step


def pretended_job(config: Config) -> Callable[[], None]:
    """Return a step that takes a time of its own, for trying the campaign where there is no GPU."""
    seconds = 0.005 * (1 + CONFIGS.index(config) % 3)
    return lambda: time.sleep(seconds)


def training_step(model: Any, inputs: tuple[Any, ...]) -> Callable[[], None]:
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = model(*inputs).float().square().mean()
        loss.backward()
        optimizer.step()
        torch.cuda.synchronize()

    return step


def resnet(batch: int) -> tuple[Any, tuple[Any, ...]]:
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
                nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width),
            )  # fmt: skip

        def forward(self, seen: Any) -> Any:
            return torch.relu(seen + self.body(seen))

    stages: list[nn.Module] = [nn.Conv2d(3, 64, 7, stride=4, padding=3)]
    for width in (64, 128, 256):
        stages += [Block(width), Block(width), nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)]
    stages += [Block(512), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000)]
    return nn.Sequential(*stages), (torch.randn(batch, 3, 224, 224, device="cuda"),)


def transformer(batch: int) -> tuple[Any, tuple[Any, ...]]:
    import torch
    from torch import nn

    layer = nn.TransformerEncoderLayer(1024, 16, 4096, dropout=0.0, batch_first=True, norm_first=True)
    return nn.TransformerEncoder(layer, 12, enable_nested_tensor=False), (torch.randn(batch, 512, 1024, device="cuda"),)


def recommender(batch: int) -> tuple[Any, tuple[Any, ...]]:
    import torch
    from torch import nn

    class Recommender(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tables = nn.EmbeddingBag(2_000_000, 64, mode="mean")
            self.top = nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 1))

        def forward(self, ids: Any) -> Any:
            return self.top(self.tables(ids))

    return Recommender(), (torch.randint(0, 2_000_000, (batch, 64), device="cuda"),)


def lstm(batch: int) -> tuple[Any, tuple[Any, ...]]:
    import torch
    from torch import nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cells = nn.LSTM(1024, 1024, 2, batch_first=True)

        def forward(self, seen: Any) -> Any:
            return self.cells(seen)[0]

    return Model(), (torch.randn(batch, 128, 1024, device="cuda"),)


# --- workers: one process a copy of a job, told what to do line by line ---


def work(config: Config, *, pretends: bool) -> None:
    """Say ready, then for each line with two times run until the second and say the steps a second between them."""
    try:
        step = (pretended_job if pretends else job)(config)
        for _ in range(3):
            step()
    except Exception as error:
        print(json.dumps({"failed": f"{type(error).__name__}: {error}"[:300]}), flush=True)
        return
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        begin, end = json.loads(line)
        print(json.dumps(_measure(step, begin, end)), flush=True)


def _measure(step: Callable[[], None], begin: float, end: float) -> dict[str, Any]:
    finished: list[float] = []
    try:
        while time.time() < end:
            step()
            finished.append(time.time())
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"[:300]}
    inside = [at for at in finished if begin <= at <= end]
    if len(inside) < 3:
        return {"failed": f"{len(inside)} steps in {end - begin:.1f} s: too few to tell"}
    return {"steps_per_second": (len(inside) - 1) / (inside[-1] - inside[0])}


class Worker:
    """A copy of a job in a process of its own."""

    def __init__(self, config: Config, *, pretends: bool) -> None:
        arguments = [sys.executable, __file__, "--worker", config[0], str(config[1]), *["--pretend"] * pretends]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.failed = self._read().get("failed", "")

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone after it was ready, as by an error of the driver: a new one may do."""
        return not self.failed and self._process.poll() is not None

    def start(self, begin: float, end: float) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps([begin, end]) + "\n")
        self._process.stdin.flush()

    def result(self) -> dict[str, Any]:
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"failed": "the process ended"}

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


# --- the campaign ---


def gpu_name() -> str:
    return _ask("name")[0]


def _ask(*fields: str) -> list[str]:
    command = ["nvidia-smi", "--id=0", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    return [part.strip() for part in done.stdout.splitlines()[0].split(",")]


def measure(workers: list[Worker], seconds: float, *, telemetry: bool) -> dict[str, Any]:
    """Run workers in the same window and return what each did, with telemetry if it is asked for."""
    begin = time.time() + RUN_IN_SECONDS
    end = begin + seconds
    for worker in workers:
        worker.start(begin, end)
    samples = []
    while telemetry and time.time() < end - 0.5:
        if time.time() >= begin:
            samples.append([float(value) if value.replace(".", "").isdigit() else None for value in _ask(*TELEMETRY)])
        time.sleep(0.2)
    found: dict[str, Any] = {"results": [worker.result() for worker in workers]}
    if samples:
        columns = zip(*samples, strict=True)
        found["telemetry"] = [
            median(known) if (known := [v for v in column if v is not None]) else None for column in columns
        ]
    return found


def todo(repeats: int, first: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield repeats of singles, then of pairs, by place among the first of `CONFIGS`."""
    for repeat in range(repeats):
        yield from ((repeat, (place,)) for place in range(first))
        yield from ((repeat, pair) for pair in combinations_with_replacement(range(first), 2))


def campaign(raw: Path, options: argparse.Namespace) -> bool:
    """Measure what is not in the raw file yet; return whether all of it is now."""
    done = {(one["repeat"], tuple(one["places"])) for one in records(raw)}
    started, gpu = time.time(), PRETENDED if options.pretend else gpu_name()
    left = [one for one in todo(options.repeats, options.first) if one not in done]
    workers: dict[tuple[int, int], Worker] = {}
    try:
        with raw.open("a") as file:
            for number, (repeat, places) in enumerate(left):
                if time.time() - started > options.budget_seconds:
                    print(f"out of time: {len(left) - number} measurements are left", file=sys.stderr)
                    return False
                chosen = []
                for copy, place in enumerate(places):
                    if (place, copy) not in workers or workers[place, copy].has_ended:
                        workers[place, copy] = Worker(CONFIGS[place], pretends=options.pretend)
                    chosen.append(workers[place, copy])
                failed = next((worker.failed for worker in chosen if worker.failed), "")
                telemetry = len(places) == 1 and not options.pretend
                found = {"failed": failed} if failed else measure(chosen, options.seconds, telemetry=telemetry)
                record = {"gpu": gpu, "repeat": repeat, "places": places, "at": time.time(), **found}
                file.write(json.dumps(record) + "\n")
                file.flush()
                print(f"{number + 1}/{len(left)} {[CONFIGS[place] for place in places]}: {found}", file=sys.stderr)
    finally:
        for worker in workers.values():
            worker.stop()
    return True


def records(raw: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in raw.read_text().splitlines() if line.strip()] if raw.exists() else []


def table(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the file of pairs, in both orders, from medians over repeats."""
    alone, told = defaultdict(list), defaultdict(list)
    together: defaultdict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    misfits: defaultdict[tuple[int, int], int] = defaultdict(int)
    for one in found:
        speeds = [result.get("steps_per_second") for result in one.get("results", ())]
        places = tuple(one["places"])
        if len(places) == 1 and speeds and speeds[0]:
            alone[places[0]].append(speeds[0])
            told[places[0]].append(one.get("telemetry") or [None] * len(TELEMETRY))
        elif len(places) == 2 and len(speeds) == 2 and all(speeds):
            together[places[0], places[1]].append((speeds[0], speeds[1]))
        elif len(places) == 2:
            misfits[places[0], places[1]] += 1
    gpu = found[0]["gpu"] if found else ""
    telemetry = {place: [_median(column) for column in zip(*rows, strict=True)] for place, rows in told.items()}
    for pair in sorted(together.keys() | misfits.keys()):
        if any(place not in alone for place in pair):
            continue
        speeds = [median(column) for column in zip(*together[pair], strict=True)] if together[pair] else [0.0, 0.0]
        for a, b, colocated in {(*pair, (speeds[0], speeds[1])), (pair[1], pair[0], (speeds[1], speeds[0]))}:
            yield _row(gpu, (a, b), alone, colocated, telemetry)


def _median(column: tuple[float | None, ...]) -> float | None:
    known = [value for value in column if value is not None]
    return median(known) if known else None


def _row(
    gpu: str,
    pair: tuple[int, int],
    alone: dict[int, list[float]],
    colocated: tuple[float, float],
    telemetry: dict[int, Any],
) -> dict[str, Any]:
    row: dict[str, Any] = {"gpu_type": gpu, "feasible": int(all(colocated)), "isolated_a_physical": alone[pair[0]][-1]}
    for side, place, speed in zip("ab", pair, colocated, strict=True):
        isolated = median(alone[place])
        row |= {f"job_{side}": CONFIGS[place][0], f"batch_{side}": CONFIGS[place][1], f"isolated_{side}": isolated}
        row |= {f"colocated_{side}": speed, f"norm_{side}": speed / isolated}
        for name, value in zip(
            ("sm_percent", "dram_percent", "memory_mib", "power_watts"), telemetry[place], strict=True
        ):
            row[f"{name}_{side}"] = value
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each window")
    parser.add_argument("--budget-seconds", type=float, default=float("inf"))
    parser.add_argument("--first", type=int, default=len(CONFIGS), help="only so many configurations")
    parser.add_argument("--pretend", action="store_true", help="without a GPU, to try the campaign")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work((options.worker[0], int(options.worker[1])), pretends=options.pretend)
        return
    if options.list or options.to is None:
        print("\n".join(f"{name} {batch}" for name, batch in CONFIGS))
        return
    raw = options.to.with_suffix(options.to.suffix + ".raw.jsonl")
    is_whole = campaign(raw, options)
    rows = list(table(records(raw)))
    with options.to.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    print(f"{options.to}: {len(rows)} rows{'' if is_whole else '; more are to be measured'}")


if __name__ == "__main__":
    main()
