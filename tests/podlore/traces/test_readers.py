"""Readers of public traces: one good row and what is wrong with bad ones, each with its row."""

import json
import tarfile

import pytest

from podlore.errors import BadInput
from podlore.traces import read_trace

GOOD = {
    "pollux.csv": "name,time,application,num_replicas,batch_size\nbert-0,107,bert,6,24\n",
    "tiresias.csv": "job_id,num_gpu,submit_time,iterations,model_name,duration,interval\n1,8,30,133,vgg11,147,23\n",
    "muri.csv": "job_id,num_gpu,submit_time,iterations,model_name,duration,iteration_time\n"
    "1,8,30000,9,dqn,147000,490\n",
    "v2025.csv": "instance_sn,role,app_name,cpu_request,gpu_request,memory_request,creation_time,"
    "scheduled_time,deletion_time\ni1,HN,app,12,1,120.0,5,7,107\n",
    "spot.csv": "job_name,organization,gpu_model,cpu_request,gpu_request,worker_num,submit_time,duration,job_type\n"
    "j,org,A100,8,0.5,2,10,100,Spot\n",
    "v2020.csv": "job_name,task_name,inst_num,status,start_time,end_time,plan_cpu,plan_mem,plan_gpu,gpu_type\n"
    "j,worker,2,Terminated,10,110,600,29.3,50,T4\n",
    "pod_gpu_duty_cycle.csv": "value,timestamp_anon,container_ip\n0.0,1000.0,aa\n50.0,1060.0,aa\n",
    "helios.csv": "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time\n"
    "7,u,vc1,16,64,2,COMPLETED,2020-04-01 00:00:00,2020-04-01 00:01:00,2020-04-01 01:01:00\n",
    "new.trace": "ResNet (batch size 64)\tcmd\tdir\t-n\t1\t14775\t2\t1\t-1.0\t30\n",
    "old.trace": "ResNet (batch size 64)\tcmd\t-n\t1\t14775\t30\t2\n",
    "philly.json": json.dumps([{
        "jobid": "application_1", "vc": "aa", "status": "Pass", "submitted_time": "2017-10-07 01:00:00",
        "attempts": [{"start_time": "2017-10-07 01:01:00", "end_time": "2017-10-07 01:03:00",
                      "detail": [{"ip": "m1", "gpus": ["gpu0", "gpu1"]}, {"ip": "m2", "gpus": ["gpu0", "gpu1"]}]}],
    }]),
}  # fmt: skip

EXPECTED = {  # format, submit, duration, GPUs in all
    "pollux.csv": ("Pollux workload", 107, None, 6),
    "tiresias.csv": ("Tiresias", 30, 147, 8),
    "muri.csv": ("Tiresias", 30, 147, 8),
    "v2025.csv": ("Alibaba v2025", 5, 100, 1),
    "spot.csv": ("Alibaba v2026 spot", 10, 100, 1),
    "v2020.csv": ("Alibaba v2020", None, 100, 1),
    "pod_gpu_duty_cycle.csv": ("Alibaba v2026 GenAI", 0, 60, 1),
    "helios.csv": ("Helios or Acme", 0, 3600, 16),
    "new.trace": ("Gavel", 30, None, 2),
    "old.trace": ("Gavel", 30, None, 2),
    "philly.json": ("philly JSON", 0, 120, 4),
}


def read(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return read_trace(path)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_good_row_is_read_in_seconds_and_whole_gpus(tmp_path, name):
    trace = read(tmp_path, name, GOOD[name])
    job = trace.jobs[0]
    assert (trace.format, job.submit_seconds, job.duration_seconds, job.gpu_request) == EXPECTED[name]


BAD = [
    ("pollux.csv", "bert-1,-5,bert,6,24\n", "row 3: time -5 is negative"),
    ("pollux.csv", "bert-1,5,bert,0,24\n", "row 3: num_replicas 0"),
    ("pollux.csv", "bert-1,5\n", "row 3: 2 fields instead of 5; is it cut off?"),
    ("tiresias.csv", "2,0,30,133,vgg11,147,23\n", "row 3: num_gpu 0"),
    ("tiresias.csv", "1,8,30,133,vgg11,147,23\n", "row 3: 'vgg11/Job/job-1' is also in row 2"),
    ("v2025.csv", "i2,HN,app,12,1,120.0,50,60,10\n", "row 3: deletion_time 10 lies before"),
    ("spot.csv", "k,org,A100,8,1.5,2,10,100,HP\n", "row 3: gpu_request 1.5"),
    ("v2020.csv", "k,worker,1,Failed,100,10,600,29,100,T4\n", "row 3: end_time 10 lies before"),
    ("v2020.csv", "k,worker,1,Failed,1,10,600,29,150,T4\n", "row 3: plan_gpu 150"),
    ("helios.csv", "8,u,vc1,1,6,1,X,2020-04-01 01:00:00,2020-04-01 00:00:00,\n", "row 3: submit_time"),
    ("helios.csv", "8,u,vc1,1,6,1,X,yesterday,,\n", "row 3: submit_time 'yesterday'"),
    ("pod_gpu_duty_cycle.csv", "250,1120,aa\n", "row 4: value 250 is no percentage"),
    ("pod_gpu_duty_cycle.csv", "0.5,-7,aa\n", "row 4: timestamp_anon -7 is negative"),
    ("pod_gpu_duty_cycle.csv", "0.5,1120\n", "row 4: 2 fields instead of 3; is it cut off?"),
    ("new.trace", "a\tb\tc\n", "row 2: 3 fields instead of 10 or 7"),
    ("new.trace", "R\tcmd\tdir\t-n\t1\t14775\t2\t1\t-1.0\t-30\n", "row 2: arrival -30 is negative"),
]


@pytest.mark.parametrize(("name", "row", "says"), BAD)
def test_a_bad_row_is_told_with_its_row_and_column(tmp_path, name, row, says):
    found = [str(problem) for problem in read(tmp_path, name, GOOD[name] + row).problems]
    assert any(text.startswith(says) for text in found), found


def test_a_json_that_is_cut_off_or_a_job_without_gpus_is_told(tmp_path):
    with pytest.raises(BadInput, match="cut off"):
        read(tmp_path, "cut.json", GOOD["philly.json"][:-5])
    trace = read(tmp_path, "none.json", json.dumps([{"jobid": "a", "attempts": []}]))
    assert "no attempt tells its GPUs" in str(trace.problems[0])


def test_times_without_submission_are_told_for_the_whole_trace(tmp_path):
    found = read(tmp_path, "v2020.csv", GOOD["v2020.csv"]).problems
    assert "no job has a submit time" in str(found[0])


def test_duty_cycles_become_curves_from_each_containers_first_sample(tmp_path):
    text = GOOD["pod_gpu_duty_cycle.csv"] + "20,1060,bb\n30,1120,bb\n90,1120,bb\n"
    first, second = read(tmp_path, "pod_gpu_duty_cycle.csv", text).jobs
    assert str(first.behaviour.curve) == "0:0,60:0.5"
    assert (second.submit_seconds, str(second.behaviour.curve)) == (60, "0:0.2,60:0.9")


def test_a_table_of_the_serving_trace_that_holds_no_activity_is_refused(tmp_path):
    with pytest.raises(BadInput, match="only the table gpu_duty_cycle"):
        read(tmp_path, "queue_size.csv", GOOD["pod_gpu_duty_cycle.csv"])


def test_a_packed_table_is_read_without_unpacking_and_a_cut_off_one_is_told(tmp_path):
    plain = tmp_path / "pod_gpu_duty_cycle.csv"
    rows = "".join(f"{i % 100},{1000 + 60 * i},{i % 7:032x}\n" for i in range(5000))
    plain.write_text("value,timestamp_anon,container_ip\n" + rows)
    packed = tmp_path / "pod_gpu_duty_cycle.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(plain, plain.name)
    assert read_trace(packed).jobs == read_trace(plain).jobs
    packed.write_bytes(packed.read_bytes()[:4000])
    with pytest.raises(BadInput, match="cut off"):
        read_trace(packed)
