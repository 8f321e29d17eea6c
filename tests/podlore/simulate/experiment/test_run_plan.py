"""Experiments: checked before they run, resumed where they stopped, the same bytes however they run."""

import json

import pytest

from podlore.errors import BadInput
from podlore.simulate.experiment.compare import compare
from podlore.simulate.experiment.page import page
from podlore.simulate.experiment.plan import read_plan
from podlore.simulate.experiment.run_plan import run_plan

GIVEN = {
    "name": "small",
    "kind": "queueing",
    "primary": "completion_seconds_mean",
    "baseline": "FIFO",
    "traces": ["generated"],
    "clusters": [{"nodes": 4, "gpus_per_node": 4}],
    "policies": ["FIFO", "Advised(FIFO)"],
    "seeds": [1, 2],
    "jobs": 25,
}


def plan(tmp_path, **changed):
    path = tmp_path / "plan.yaml"
    path.write_text(json.dumps(GIVEN | changed))
    return read_plan(path)


def bytes_of(folder):
    return {name: (folder / name).read_bytes() for name in ("results.json", "results.parquet", "comparison.json")}


def ignore(done, total):
    """Take no notice of progress."""


def test_a_run_on_two_dask_workers_gives_the_same_bytes_as_a_serial_one(tmp_path):
    small = plan(tmp_path)
    run_plan(small, tmp_path / "serial", progress=ignore)
    run_plan(small, tmp_path / "dask", jobs=2, progress=ignore)
    assert bytes_of(tmp_path / "serial") == bytes_of(tmp_path / "dask")


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(tmp_path):
    small = plan(tmp_path)
    run_plan(small, tmp_path / "out", progress=ignore)
    whole = bytes_of(tmp_path / "out")
    (tmp_path / "out" / "cells" / f"{small.cells[0].key}.json").unlink()
    seen = []
    run_plan(small, tmp_path / "out", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(4, 4)]
    assert bytes_of(tmp_path / "out") == whole


def test_the_page_needs_no_other_file(tmp_path):
    run_plan(plan(tmp_path), tmp_path / "out", progress=ignore)
    text = page(tmp_path / "out")
    assert "Advised(FIFO)" in text
    assert "http" not in text.replace("http-equiv", "")
    assert text.count("data:image/png;base64,") == 5


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"kind": "magic"}, "kind 'magic'; known: placement, queueing"),
        ({"seeds": []}, "seeds is missing"),
        ({"seeds": [-1]}, "seed -1"),
        ({"loads": [0]}, "load 0"),
        ({"policy": "x"}, "unknown key policy"),
        ({"baseline": "SRTF"}, "not among the policies"),
        ({"policies": ["FIFO", "Luck"]}, "no queueing policy 'Luck'"),
        ({"policies": ["FIFO", "Advised(FairShare)"]}, "serve jobs in an order"),
        ({"traces": ["ghost.csv"]}, "no trace 'ghost.csv'"),
        ({"clusters": [{"nodes": 0}]}, "a cluster is"),
        ({"clusters": [{"nodes": 10**12, "gpus_per_node": 8}]}, "GiB of memory"),
        ({"rates": {"watts": 3}}, "rates"),
    ],
)
def test_what_is_wrong_is_said_before_the_run(tmp_path, changed, says):
    with pytest.raises(BadInput, match=says.replace("(", r"\(").replace(")", r"\)")):
        plan(tmp_path, **changed)


def test_a_folder_without_results_says_what_to_do(tmp_path):
    with pytest.raises(BadInput, match="podlore simulate"):
        page(tmp_path)


def test_policies_are_compared_with_the_baseline_pair_by_pair():
    def cell(policy, seed, value):
        return {"kind": "queueing", "trace": "t", "cluster": "c", "policy": policy, "seed": seed, "load": 1.0,
                "metrics": {"m": value}}  # fmt: skip

    cells = [cell("base", seed, 10.0 * seed) for seed in range(8)]
    cells += [cell("new", seed, 10.0 * seed - 1 - 0.01 * seed) for seed in range(8)]
    found = compare(cells, "base", "m")["policies"]["new"]
    assert found["primary"]["p_permutation"] == pytest.approx(2 / 2**8)
    assert found["differences"]["m"]["high"] < -1.0


def test_times_are_compared_as_ratios_and_pooled_over_all_jobs():
    def cell(policy, seed, wait, completions):
        return {"kind": "queueing", "trace": "t", "cluster": "c", "policy": policy, "seed": seed, "load": 1.0,
                "metrics": {"wait_seconds_p95": wait}, "series": {"completion_seconds": completions}}  # fmt: skip

    cells = [cell("base", seed, 1140.0, list(range(101))) for seed in range(8)]
    cells += [cell("new", seed, 540.0, list(range(0, 202, 2))) for seed in range(8)]
    found = compare(cells, "base", "wait_seconds_p95")
    assert found["policies"]["new"]["ratios"]["wait_seconds_p95"]["mean"] == pytest.approx(0.5)
    pooled = found["pooled_completion_seconds_p95"]
    assert pooled["new"]["p95"] == pytest.approx(2 * pooled["base"]["p95"])


def test_the_page_makes_bold_what_differs_for_certain(tmp_path):
    run_plan(plan(tmp_path), tmp_path / "out", progress=ignore)
    comparison = json.loads((tmp_path / "out" / "comparison.json").read_text())
    values = comparison["policies"]["Advised(FIFO)"]["differences"].values()
    clear = sum(not value["low"] <= 0 <= value["high"] for value in values)
    assert page(tmp_path / "out").count("<tr class=yes>") == clear
