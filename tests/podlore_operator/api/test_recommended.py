"""What was written of an advice is told in the very words that it would be told in offline."""

from podlore.advice.explain import paragraph
from podlore.advisor import advise
from podlore.clock import Clock
from podlore.snapshot import History
from podlore.testing import HOUR, NOW, gpu_window, job, node, pod, snapshot
from podlore.vocabulary import Container, Failure, Termination
from podlore_operator.api.advice import SchedulingAdvice
from podlore_operator.api.convert import advice_of
from podlore_operator.api.identity import name_of
from podlore_operator.api.recommended import recommendation_of
from podlore_operator.api.resource import ObjectMeta


def two_ills():
    """A job that idles, and one whose container crashes."""
    idle, crashing = job("idle"), job("tune")
    ended = Termination(1, "Error", finished_at=NOW - 60)
    failing = Container("main", 5, waiting_reason="CrashLoopBackOff", ended_before=ended)
    pods = (
        pod("idle-0", node="gpu-1", gpus=4, controller=idle.ref),
        pod("tune-0", node="gpu-1", gpus=2, controller=crashing.ref, containers=(failing,)),
    )
    failures = tuple(
        Failure("vision", "tune-0", "main", crashing.ref, "gpu-1", NOW - 300.0 * n, 1) for n in range(4, 0, -1)
    )
    return snapshot(
        nodes=(node(),),
        pods=pods,
        controllers=(idle, crashing),
        gpu_windows=tuple(gpu_window(pods[0], gpu=n, activity=0.0) for n in range(4)),
        has_metrics=True,
        history=History(failures=failures),
    )


def test_the_object_says_what_the_recommendation_said():
    given = advise(two_ills()).recommendations
    assert {one.because.pattern for one in given} == {"ResourceHoarding", "CrashLoop"}
    for one in given:
        spec, status = advice_of(one, Clock(read=lambda: NOW + HOUR), "test")
        metadata = ObjectMeta(name=name_of(one), namespace=one.target.namespace)
        told = recommendation_of(SchedulingAdvice(metadata=metadata, spec=spec, status=status), status)
        assert paragraph(told) == paragraph(one)
        assert told.arithmetic == one.arithmetic
        assert (told.target, told.action, told.patch) == (one.target, one.action, one.patch)
