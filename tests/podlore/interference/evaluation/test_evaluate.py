"""The evaluation: splits that cannot leak, scores that are right, and a report that has every field."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from podlore.cli.interference import app
from podlore.errors import BadInput
from podlore.interference.conformal import Interval, grouped_quantile
from podlore.interference.evaluation.evaluate import MODELS, tasks_of
from podlore.interference.evaluation.pairing import pairing_tasks, run_pairing, tried
from podlore.interference.evaluation.run_split import OURS, run_split
from podlore.interference.evaluation.scores import covered, resampled_ratio
from podlore.interference.evaluation.splits import PROTOCOLS, Split
from podlore.interference.pairs import Pairs
from podlore.interference.read_pairs import read_pairs

Write = Callable[[list[dict[str, object]]], Path]
Site = Callable[..., list[dict[str, object]]]


@pytest.fixture
def pairs(write_pairs: Write, site: Site) -> Pairs:
    return read_pairs(write_pairs(site({"old": 1.0, "new": 4.0})))


def splits(pairs: Pairs, protocol: str) -> list[Split]:
    return list(PROTOCOLS[protocol](pairs, np.random.default_rng(0)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_co_run_is_on_both_sides_in_either_order(pairs: Pairs, protocol: str) -> None:
    for split in splits(pairs, protocol):
        assert not set(pairs.unordered[split.train]) & set(pairs.unordered[split.test])
        assert all(np.isin(rows, split.train).all() for rows in split.groups)


def test_what_is_left_out_is_in_no_training_part(pairs: Pairs) -> None:
    for code, split in enumerate(splits(pairs, "leave-config-out")):
        assert code not in set(pairs.runs.a[split.train]) | set(pairs.runs.b[split.train])
    for split in splits(pairs, "leave-family-out"):
        jobs = {pairs.configurations[code].job for code in pairs.runs.a[split.train]}
        assert split.left_out not in jobs


def test_three_probes_are_three_on_each_gpu_type(pairs: Pairs) -> None:
    for code, split in enumerate(splits(pairs, "three-probes")):
        takes_part = (pairs.runs.a[split.train] == code) | (pairs.runs.b[split.train] == code)
        assert len(np.unique(pairs.unordered[split.train][takes_part])) == 3 * len(pairs.gpu_types)


def test_unseen_jobs_were_never_seen(pairs: Pairs) -> None:
    for task in pairing_tasks(pairs, np.random.default_rng(0)):
        runs = tried(pairs).runs.take(task.train)
        if task.kind == "unseen-jobs":
            assert not set(task.members) & (set(runs.a) | set(runs.b))
        else:
            assert not task.is_allowed[runs.gpu, runs.a, runs.b].any()


def test_intervals_calibrated_by_groups_cover_a_new_group() -> None:
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(200):
        scale = rng.lognormal(0, 0.5, 21)
        draws = np.abs(rng.normal(0, scale[:, None], (21, 30)))
        width = grouped_quantile(draws[:-1].ravel(), [np.arange(30)] * 20)
        inside.append((draws[-1] <= width).mean())
    assert 0.87 < np.mean(inside) < 0.94


def test_two_gpu_types_cannot_calibrate_a_third(write_pairs: Write, site: Site) -> None:
    three = read_pairs(write_pairs(site({"old": 1.0, "mid": 2.0, "new": 4.0}, 3)))
    found = run_split(three, splits(three, "leave-gpu-out")[0], (OURS, "additive"), 0)
    for between in found.interval.values():
        assert (between.high - between.low).min() == 1.0


def test_resampling_clusters_is_wider_than_resampling_rows() -> None:
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(20), 50)
    values = rng.normal(0, 1, 20)[cluster] + rng.normal(0, 0.1, 1000)
    by_cluster = resampled_ratio(values, np.ones(1000), cluster)
    by_row = resampled_ratio(values, np.ones(1000), np.arange(1000))
    assert by_cluster.high - by_cluster.low > 3 * (by_row.high - by_row.low)
    assert by_cluster.low < values.mean() < by_cluster.high


def test_the_ends_of_an_interval_belong_to_it() -> None:
    assert covered(np.array([0.2, 0.9]), Interval(np.array([0.2, 0.2]), np.array([0.5, 0.5]))).tolist() == [1.0, 0.0]


def test_the_command_reports_every_model_with_every_score(write_pairs: Write, site: Site) -> None:
    found = site({"old": 1.0}, 3)
    found[3]["colocated_a"] = "-1"
    path = write_pairs(found * 2)
    arguments = ["evaluate", "--pairs", str(path), "--protocol", "leave-config-out", "--protocol", "pairing"]
    result = CliRunner().invoke(app, [*arguments, "--output", "json", "--jobs", "1"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert {"row": 5, "column": "colocated_a", "reason": "-1 is negative"} in report["pairs"]["problems"]
    models = report["protocols"]["leave-config-out"]["models"]
    assert set(models) == set(MODELS)
    for scores in models.values():
        assert {"mae", "r2", "spearman", "coverage", "interval_score", "mae_interval"} <= set(scores)
    assert models["podlore"]["mae"] < models["mean"]["mae"]
    assert set(report["pairing"]) == {"unseen-jobs", "unseen-pairs"}
    for kind in report["pairing"].values():
        assert len(kind["models"]["podlore"]["share_of_oracle_gain_interval"]) == 2


def test_what_a_file_is_too_small_for_is_skipped_with_the_reason(write_pairs: Write, site: Site) -> None:
    path = write_pairs(site({"H100": 9.0}, 3))
    arguments = ["evaluate", "--pairs", str(path), "--protocol", "leave-gpu-out", "--protocol", "random-pairs"]
    result = CliRunner().invoke(app, [*arguments, "--output", "json", "--jobs", "1"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert set(report["protocols"]) == {"random-pairs"}
    assert set(report["skipped"]) == {"leave-gpu-out"}
    assert "6 configurations of 2 jobs on 1 GPU types" in report["skipped"]["leave-gpu-out"]


def test_a_division_that_leaves_too_little_to_learn_from_is_none(write_pairs: Write, site: Site) -> None:
    lonely = [row for row in site({"H100": 9.0}) if row["job_b"] != "conv" or row["batch_b"] == 16]
    lonely = [row for row in lonely if row["job_a"] != "conv" or row["batch_a"] == 16]
    pairs = read_pairs(write_pairs(lonely))
    assert [len(split.train) for split in splits(pairs, "leave-family-out")] == [16, 1]
    assert [len(task.train) for task in tasks_of(pairs, ["leave-family-out"], 0)] == [16]


def test_pairs_that_nobody_measured_are_not_chosen(write_pairs: Write, site: Site) -> None:
    rng = np.random.default_rng(0)
    gaps = read_pairs(write_pairs([row for row in site({"H100": 9.0}, 6) if rng.random() < 0.6]))
    whole = read_pairs(write_pairs(site({"H100": 9.0}, 6)))
    task = next(task for task in pairing_tasks(gaps, rng) if task.kind == "unseen-jobs")
    measured = {(a, b) for a, b in zip(gaps.runs.a.tolist(), gaps.runs.b.tolist(), strict=True)}
    worth = {(a, b): speed for a, b, speed in zip(whole.runs.a, whole.runs.b, whole.speed, strict=True)}
    possible = {(worth[a, b] + worth[b, a]) / 2 for a, b in measured}
    found = run_pairing(gaps, task, ("mean",), 0)
    assert len(found.at_best)
    for value in (*found.at_best, *found.by_model["mean"]):
        assert min(abs(value - one) for one in possible) < 1e-6
    assert found.at_random.sum() <= found.at_best.sum() + 1e-9


def test_an_unknown_protocol_is_named(write_pairs: Write, site: Site) -> None:
    path = write_pairs(site({"old": 1.0}))
    result = CliRunner().invoke(app, ["evaluate", "--pairs", str(path), "--protocol", "best"])
    assert isinstance(result.exception, BadInput)
    assert "leave-config-out" in str(result.exception)
