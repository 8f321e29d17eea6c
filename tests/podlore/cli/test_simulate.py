"""The command line of simulations: exact fields, and clear refusals."""

import json

import pytest
from typer.testing import CliRunner

from podlore.cli.simulate import app
from podlore.errors import BadInput

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn-0000,32000,262144,2,T4\nn-0001,32000,262144,2,T4\n"
PODS = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\np-0000,1000,100,1,1000,\np-0001,1000,100,1,500,\n"


@pytest.fixture
def files(tmp_path):
    for name, text in {
        "nodes.csv": NODES,
        "pods.csv": PODS,
        "order.txt": "0000\n0001\n0001\n0000\n0000\n",
        "ties.txt": "0001\n0000\n",
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def placement(files, *more):
    names = {"--nodes": "nodes.csv", "--pods": "pods.csv", "--order": "order.txt", "--node-order": "ties.txt"}
    options = [part for option, name in names.items() for part in (option, str(files / name))]
    return CliRunner().invoke(app, ["placement", *options, *more])


def test_a_placement_study_prints_the_three_arrays_and_the_wall_time(files):
    found = placement(files, "--policy", "FirstFit", "--output", "json")
    assert found.exit_code == 0, found.output
    result = json.loads(found.stdout)
    assert result["arrived_percent"] == [25, 38, 50, 75, 100]
    assert result["allocation_percent"] == [25.0, 37.5, 50.0, 75.0, 100.0]
    assert len(result["fragmentation_percent"]) == 5
    assert result["wall_seconds"] >= 0
    assert result["pods_dropped"] == 0


def test_an_unknown_policy_or_seed_is_refused(files):
    assert isinstance(placement(files, "--policy", "Luck").exception, BadInput)
    ladder = ["ladder", "--nodes", str(files / "nodes.csv"), "--pods", str(files / "pods.csv"), "--seeds", "x"]
    assert "no whole number" in str(CliRunner().invoke(app, ladder).exception)


def test_a_yaml_file_as_the_first_argument_is_an_experiment(tmp_path):
    found = CliRunner().invoke(app, [str(tmp_path / "ghost.yaml")])
    assert "cannot read the experiment" in str(found.exception)
