"""Nothing about another team's workloads reaches a team, wherever it stands in an advice."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from podlore.clock import Clock
from podlore.vocabulary import Action, Evidence, EvidenceSource, Finding, ObjectRef, Pattern, Recommendation, Severity
from podlore_operator.api.convert import advice_of
from podlore_operator.api.tenancy import told_to

VICTIM = ObjectRef("batch", "Job", "vision", "train")
AGGRESSOR = ObjectRef("batch", "Job", "speech-secret", "wav2vec")
NODE = ObjectRef("", "Node", "", "gpu-7")
CLOCK = Clock(read=lambda: 1_795_000_000.0)


def advice(text="", reference="", source=EvidenceSource.METRIC, target=VICTIM, patch=""):
    finding = Finding(
        pattern=Pattern.INTERFERENCE,
        cause="MemoryBandwidth",
        target=target,
        severity=Severity.MEDIUM,
        summary=text,
        evidence=(Evidence(source, reference, text, text),),
        confidence=0.8,
        blamed=(NODE, AGGRESSOR, VICTIM),
    )
    return Recommendation(finding, Action.SEPARATE, steps=text, patch=patch)


def told(recommendation):
    return told_to(recommendation.target.namespace, recommendation)


def test_an_aggressor_of_another_namespace_loses_its_name_and_keeps_its_kind():
    blamed = told(advice()).because.blamed
    assert [(ref.kind, ref.namespace, ref.name) for ref in blamed] == [
        ("Node", "", "gpu-7"),
        ("Job", "", ""),
        ("Job", "vision", "train"),
    ]


def test_objects_are_covered_in_every_text():
    text = f"{VICTIM} is slowed by {AGGRESSOR} on {NODE}"
    covered = told(advice(text)).because.summary
    assert covered == "vision/Job/train is slowed by another team's Job on Node/gpu-7"


def test_a_blamed_workload_is_covered_also_where_only_its_name_stands():
    assert told(advice("wav2vec of speech-secret ran beside it")).steps == (
        "another team's of another team's ran beside it"
    )


def test_a_name_within_another_word_stays():
    assert told(advice("mywav2vec-2 ran")).steps == "mywav2vec-2 ran"


def test_a_query_about_another_namespace_names_nobody():
    query = 'rate(x{exported_namespace="other-team",exported_pod="bert-0",Hostname="gpu-7"}[2h])'
    assert told(advice(reference=query)).because.evidence[0].reference == (
        'rate(x{exported_namespace="another team\'s",exported_pod="another team\'s",Hostname="gpu-7"}[2h])'
    )


def test_a_query_about_the_own_namespace_stays():
    query = 'x{namespace="vision",pod="train-0"}'
    assert told(advice(reference=query)).because.evidence[0].reference == query


def test_log_text_of_another_team_is_not_quoted():
    fact = told(advice("password=1234", "speech-secret/Pod/wav2vec-0", EvidenceSource.LOG)).because.evidence[0]
    assert fact.observed == "another team's log"


def test_a_patch_is_covered_too():
    assert "speech" not in told(advice(patch='{"spec":{"x":"speech-secret/Job/wav2vec"}}')).patch


def test_cluster_advice_names_everything():
    for_the_cluster = advice(f"{AGGRESSOR} harms {VICTIM}", target=NODE)
    assert told(for_the_cluster) == for_the_cluster


@given(st.lists(st.sampled_from([str(AGGRESSOR), "speech-secret", "wav2vec", "train", "gpu-7", "is", "(", "'", "."])))
def test_no_advice_to_a_team_holds_a_name_of_another(words):
    text = " ".join(words)
    _, status = advice_of(advice(text, text, EvidenceSource.EVENT, patch=text), CLOCK, "test")
    assert "speech" not in status.model_dump_json()
    assert "wav2vec" not in status.model_dump_json()


def test_covering_twice_is_covering_once():
    once = told(advice(f"{AGGRESSOR} and wav2vec"))
    assert told(once) == replace(once)
