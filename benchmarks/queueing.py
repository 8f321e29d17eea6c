"""How much computing a queueing study takes: CPU-seconds a workload and policy, beside the published simulator's.

    .venv/bin/python benchmarks/queueing.py --pollux FOLDER [--policies Tiresias,Optimus] [--workloads 1,2,3,4]

The folder holds the public Pollux workloads and profiles. "Study" counts reading and playing a workload, the second
time in a process; "command" all of ``podlore simulate queueing``, Python's start and imports too. The published
simulator took 22.5 CPU-seconds for Tiresias on a workload of 160 jobs on the same machine: "times" is that over the
study, "times all" over the command.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from podlore.simulate.queueing.study import load_policy, read_workload, run_study

PUBLISHED_CPU_SECONDS = {"Tiresias": 22.5}
COMMAND = "from podlore.cli import simulate; simulate.app()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pollux", type=Path, required=True)
    parser.add_argument("--policies", default="Tiresias,Optimus")
    parser.add_argument("--workloads", default="1,2,3,4")
    options = parser.parse_args()
    run(options.pollux, options.policies.split(",")[0], options.workloads.split(",")[0])  # loads what is loaded late
    print("policy     workload  mean completion s  study CPU-s  command CPU-s    times  times all")
    for policy in options.policies.split(","):
        for number in options.workloads.split(","):
            mean, study = run(options.pollux, policy, number)
            whole = command(options.pollux, policy, number)
            published = PUBLISHED_CPU_SECONDS.get(policy)
            times = "".join(f"{published / spent:9.0f}" for spent in (study, whole)) if published else ""
            print(f"{policy:10} {number:>8}  {mean:17,.2f}  {study:11.2f}  {whole:13.2f}{times}")


def run(folder: Path, policy: str, number: str) -> tuple[float, float]:
    """Return the mean completion time and the CPU-seconds of reading and playing."""
    began = time.process_time()
    jobs = read_workload(folder / "workloads" / f"workload-{number}.csv", folder / "profiles")
    mean = run_study(jobs, load_policy(policy)).mean_completion_seconds
    return mean, time.process_time() - began


def command(folder: Path, policy: str, number: str) -> float:
    """Return the CPU-seconds of ``podlore simulate queueing``."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    workload = folder / "workloads" / f"workload-{number}.csv"
    given = ["queueing", "--workload", workload, "--profiles", folder / "profiles", "--policy", policy]
    subprocess.run([sys.executable, "-c", COMMAND, *map(str, given)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
