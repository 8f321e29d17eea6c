"""Traces in a real control plane: pods come, end and go as the trace says, on the nodes it says, and leave nothing."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import replace

import pytest

from podlore.errors import BadInput, Unavailable
from podlore.traces import Behaviour, Job, Kind, NodeShape, Outcome, Trace, read_trace, write_trace
from podlore_lab.cluster import Lab
from podlore_lab.nodes import create_nodes
from podlore_lab.patient_api import PatientApi
from podlore_lab.replay import plan
from podlore_lab.replay import replay as carry_out
from podlore_lab.replay.clean import clean
from podlore_lab.replay.manifest import collection, manifest
from podlore_lab.sample_trace import SAMPLE_FOLDER
from podlore_lab.waiting import wait_for

SPEED = 100.0
RUN = Behaviour(Outcome.RUN)


@pytest.fixture
def nodes(lab, fresh_namespace):
    """Four nodes with 8 GPUs of a product of their own; what was replayed goes first, then they go."""
    product = fresh_namespace
    racks = [f"{product}-r{n // 2}" for n in range(4)]
    shapes = [
        NodeShape(f"{product}-{n}", product, 8, 1000, 64_000, 262_144, "zone-a", rack) for n, rack in enumerate(racks)
    ]
    create_nodes(lab.api, shapes)
    yield shapes
    asyncio.run(cleaned(lab))
    for shape in shapes:
        lab.api.delete(f"/api/v1/nodes/{shape.name}")


async def cleaned(lab) -> int:
    async with PatientApi(lab.kubeconfig) as api:
        return await clean(api)


def trace_of(nodes, *jobs: Job, tenant: str = "") -> Trace:
    """A trace in the namespace of this test, on its nodes."""
    (product,) = {node.product for node in nodes}
    return Trace("test", "own", tuple(replace(job, tenant=tenant or product, products=(product,)) for job in jobs))


def pods_of(lab, name: str) -> list[dict]:
    found = lab.api.get(f"/api/v1/pods?labelSelector=lab.podlore.io/job={name}")["items"]
    return sorted(found, key=lambda pod: pod["metadata"]["name"])


def places_of(lab, name: str) -> list[str | None]:
    return [pod["spec"].get("nodeName") for pod in pods_of(lab, name)]


def container(pod: dict) -> dict:
    return pod["status"]["containerStatuses"][0]


def play(lab, trace, until=None, **options):
    return asyncio.run(carry_out(plan(trace, speed=SPEED, until_seconds=until), lab.kubeconfig, **options))


def test_every_outcome_plays_out_as_the_trace_says(lab, nodes) -> None:
    loop = Behaviour(Outcome.CRASH_LOOP, 50, 50, exit_code=3)
    retry = Behaviour(Outcome.CRASH_LOOP, 50, 50, restarts=1)
    trace = trace_of(
        nodes,
        Job("completes", submit_seconds=10, duration_seconds=100, gpus=1),
        Job("fails", submit_seconds=10, duration_seconds=100, gpus=1, behaviour=Behaviour(Outcome.FAIL, exit_code=9)),
        Job("loops", submit_seconds=10, gpus=1, behaviour=loop),
        Job("retries", submit_seconds=10, gpus=1, behaviour=retry),
        Job("dies", submit_seconds=10, gpus=1, behaviour=Behaviour(Outcome.OOM, 50, 50)),
        Job("pulls", submit_seconds=10, gpus=1, behaviour=Behaviour(Outcome.IMAGE_PULL)),
        Job("serves", kind=Kind.DEPLOYMENT, submit_seconds=10, gpus=1, pods=2, behaviour=RUN),
        Job("deleted", submit_seconds=10, duration_seconds=200, gpus=1, behaviour=RUN),
        Job("too-large", submit_seconds=10, gpus=9, behaviour=RUN),
    )
    done = play(lab, trace, until=600)
    assert (done.created, done.deleted, done.is_interrupted) == (9, 1, False)
    assert done.ended_at - done.started_at >= 6
    assert done.lag_max_seconds < 5

    def one(name):
        (pod,) = pods_of(lab, name)
        return pod

    assert one("completes")["status"]["phase"] == "Succeeded"
    assert container(one("fails"))["state"]["terminated"]["exitCode"] == 9
    wait_for(lambda: container(one("loops"))["restartCount"] >= 2, "two restarts")
    assert container(one("loops"))["lastState"]["terminated"]["exitCode"] == 3
    wait_for(lambda: container(one("retries"))["restartCount"] == 1, "one restart")
    assert container(one("retries"))["lastState"]["terminated"]["exitCode"] == 1
    wait_for(lambda: container(one("dies"))["restartCount"] >= 1, "a restart")
    assert container(one("dies"))["lastState"]["terminated"]["reason"] == "OOMKilled"
    assert container(one("pulls"))["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert [pod["status"]["phase"] for pod in pods_of(lab, "serves")] == ["Running"] * 2
    wait_for(lambda: not pods_of(lab, "deleted"), "the deleted job's pod to go")
    assert one("too-large")["status"]["conditions"][0]["reason"] == "Unschedulable"
    job = lab.api.get(f"/apis/batch/v1/namespaces/{trace.jobs[0].tenant}/jobs/loops")
    assert not job["status"].get("failed")


def test_recorded_placements_are_kept_and_the_scheduler_counts_them(lab, nodes) -> None:
    names = [node.name for node in nodes]
    gang = (names[0], names[2], names[3])
    trace = trace_of(
        nodes,
        Job("gang", submit_seconds=0, gpus=8, pods=3, nodes=gang, is_gang=True, behaviour=RUN),
        Job(
            "twice", kind=Kind.DEPLOYMENT, submit_seconds=20, gpus=2, pods=2, nodes=(names[1], names[1]), behaviour=RUN
        ),
        Job("late", submit_seconds=100, gpus=4, behaviour=RUN),
        Job("waits", submit_seconds=200, gpus=4, behaviour=RUN),
    )
    play(lab, trace, until=300)
    placed = {
        name: Counter(p["spec"].get("nodeName") for p in pods_of(lab, name)) for name in ("gang", "twice", "late")
    }
    assert placed == {"gang": Counter(gang), "twice": Counter({names[1]: 2}), "late": Counter({names[1]: 1})}
    assert not pods_of(lab, "waits")[0]["spec"].get("nodeName")
    conditions = {c["type"]: c["status"] for c in pods_of(lab, "gang")[0]["status"]["conditions"]}
    assert conditions["PodScheduled"] == "True"


def test_a_pod_that_is_replaced_goes_where_its_predecessor_was(lab, nodes) -> None:
    job = Job("serves", kind=Kind.DEPLOYMENT, submit_seconds=0, gpus=1, nodes=(nodes[3].name,), behaviour=RUN)
    trace = trace_of(nodes, job)

    async def meanwhile() -> None:
        playing = asyncio.create_task(carry_out(plan(trace, speed=SPEED, until_seconds=800), lab.kubeconfig))
        (pod,) = await asyncio.to_thread(wait_for, lambda: pods_of(lab, "serves"), "the first pod")
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
        await asyncio.to_thread(lab.api.delete, path)
        await playing

    asyncio.run(meanwhile())
    wait_for(lambda: places_of(lab, "serves") == [nodes[3].name], "its successor")


def test_nodes_that_are_not_there_are_left_to_the_scheduler_and_said(lab, nodes) -> None:
    job = Job("a", submit_seconds=0, gpus=1, nodes=("no-such-node",), behaviour=RUN)
    done = play(lab, trace_of(nodes, job), until=100)
    assert done.notes == ("1 jobs name nodes that are not there: the scheduler placed them",)
    wait_for(lambda: pods_of(lab, "a")[0]["spec"].get("nodeName") in {n.name for n in nodes}, "the scheduler")


def test_a_second_replay_is_refused_until_the_first_is_cleaned_away(lab, nodes) -> None:
    trace = trace_of(nodes, Job("a", submit_seconds=0, gpus=1, behaviour=RUN), tenant=f"{nodes[0].product}-t")
    play(lab, trace, until=10)
    with pytest.raises(BadInput, match="1 jobs of an earlier replay are there; remove them: podlore lab replay --cl"):
        play(lab, trace, until=10)
    assert asyncio.run(cleaned(lab)) == 1
    assert not pods_of(lab, "a")
    assert trace.jobs[0].tenant not in [item["metadata"]["name"] for item in lab.api.get("/api/v1/namespaces")["items"]]
    assert play(lab, trace, until=10, clean_up=True).cleaned == 1


def test_clean_touches_nothing_else(lab, nodes, fresh_namespace) -> None:
    made = {"metadata": {"name": "mine"}, "spec": manifest_of_a_stranger()}
    lab.api.create(f"/apis/batch/v1/namespaces/{fresh_namespace}/jobs", made)
    play(lab, trace_of(nodes, Job("a", submit_seconds=0, gpus=1, behaviour=RUN)), until=10, clean_up=True)
    left = lab.api.get(f"/apis/batch/v1/namespaces/{fresh_namespace}/jobs")["items"]
    assert [job["metadata"]["name"] for job in left] == ["mine"]


def manifest_of_a_stranger() -> dict:
    containers = [{"name": "main", "image": "x"}]
    return {"suspend": True, "template": {"spec": {"restartPolicy": "Never", "containers": containers}}}


def test_a_stop_ends_it_at_once_with_nothing_half_done(lab, nodes) -> None:
    names = [node.name for node in nodes]
    jobs = [Job(f"j{n}", submit_seconds=n * 20, gpus=1, nodes=(names[n % 4],), behaviour=RUN) for n in range(32)]
    trace = trace_of(nodes, *jobs)

    async def stopped():
        stop = asyncio.Event()

        def progress(reached) -> None:
            if reached.created >= 8:
                stop.set()

        made = plan(trace, speed=SPEED, until_seconds=100_000)
        return await carry_out(made, lab.kubeconfig, stop=stop, on_progress=progress)

    begin = time.monotonic()
    done = asyncio.run(stopped())
    assert done.is_interrupted
    assert time.monotonic() - begin < 60
    created = [job for job in jobs if pods_of(lab, job.name)]
    assert 8 <= done.created < len(jobs)
    assert len(created) == done.created
    for job in created:
        assert places_of(lab, job.name) == list(job.nodes)


def test_a_job_of_somebody_else_with_that_name_stops_it(lab, nodes, fresh_namespace) -> None:
    lab.api.create(
        f"/apis/batch/v1/namespaces/{fresh_namespace}/jobs",
        {"metadata": {"name": "a"}, "spec": manifest_of_a_stranger()},
    )
    trace = Trace("t", "own", (Job("a", fresh_namespace, submit_seconds=5, behaviour=RUN),))
    with pytest.raises(BadInput, match="Job/a is there already; remove it, or use --namespace-prefix"):
        play(lab, trace, until=1000)


def test_no_server_is_said(tmp_path, lab) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(lab.kubeconfig.read_text().replace(lab.api_url, "https://127.0.0.1:1"))
    trace = Trace("t", "own", (Job("a", submit_seconds=0),))
    with pytest.raises(Unavailable, match=r"no API server at https://127.0.0.1:1"):
        asyncio.run(carry_out(plan(trace, speed=1, until_seconds=5), kubeconfig))


def test_the_server_takes_every_object_of_the_sample(lab, fresh_namespace) -> None:
    made = plan(read_trace(SAMPLE_FOLDER), speed=240)
    seen = set()
    for job in made.jobs:
        shape = (
            job.kind,
            job.behaviour.outcome,
            bool(job.nodes),
            bool(job.zone),
            job.is_gang,
            job.gpus,
            len(job.products),
        )
        if shape not in seen:
            seen.add(shape)
            body = manifest(job, made)
            body["metadata"]["namespace"] = fresh_namespace
            path = collection(job).replace(f"/{job.tenant}/", f"/{fresh_namespace}/")
            lab.api.create(f"{path}?dryRun=All&fieldValidation=Strict", body)
    assert len(seen) > 20


@pytest.mark.slow
def test_the_first_half_hour_of_the_sample_is_as_it_was_planned(several_labs) -> None:
    trace = read_trace(SAMPLE_FOLDER)
    submitted = [job for job in trace.jobs if (job.submit_seconds or 0) < 1800]
    with Lab("sample") as lab:
        create_nodes(lab.api, trace.nodes)
        done = asyncio.run(carry_out(plan(trace, speed=240, until_seconds=1800), lab.kubeconfig))
        wait_for(lambda: not pending(lab), "nobody to wait: those planted to wait come later", timeout_seconds=120)
        placed = {job.target: Counter(places_of(lab, job.name)) for job in submitted if job.nodes}
    assert done.created == len(submitted)
    assert placed == {job.target: Counter(job.nodes) for job in submitted if job.nodes}


def pending(lab) -> set[str]:
    """Jobs with a pod that has no node."""
    pods = lab.api.get("/api/v1/pods?fieldSelector=spec.nodeName=")["items"]
    return {pod["metadata"]["labels"]["lab.podlore.io/job"] for pod in pods}


def test_a_trace_made_by_hand_is_replayed_from_its_folder(lab, nodes, tmp_path) -> None:
    from podlore_lab.cli.replay import replay as command

    write_trace(trace_of(nodes, Job("by-hand", submit_seconds=0, gpus=1, behaviour=RUN)), tmp_path / "mine")
    command(trace=str(tmp_path / "mine"), name=lab.name, until=240.0, exporter=False)
    assert len(pods_of(lab, "by-hand")) == 1
    command(name=lab.name, clean=True)
    assert not pods_of(lab, "by-hand")


def test_what_kubectl_shows_is_what_was_replayed(lab, nodes) -> None:
    play(lab, trace_of(nodes, Job("a", submit_seconds=0, pods=2, gpus=1, behaviour=RUN)), until=50)
    listed = json.loads(lab.kubectl("get", "jobs", "-A", "-l", "lab.podlore.io/replay=test", "-o", "json"))["items"]
    assert [(job["metadata"]["name"], job["spec"]["parallelism"]) for job in listed] == [("a", 2)]
