import json

from podlore_lab.audit import MUTATING, parse_event, read_audit

CREATED = {
    "verb": "create",
    "user": {"username": "ann"},
    "objectRef": {"resource": "pods", "namespace": "a", "name": "p", "apiGroup": "", "subresource": "binding"},
    "requestURI": "/api/v1/namespaces/a/pods/p/binding",
    "requestReceivedTimestamp": "2026-11-23T10:00:00.000000Z",
    "responseStatus": {"code": 201},
    "stage": "ResponseComplete",
}


def test_a_dry_run_shows_in_the_address():
    assert not parse_event(CREATED).dry_run
    assert parse_event({**CREATED, "requestURI": "/api/v1/pods?fieldManager=x&dryRun=All"}).dry_run


def test_a_deletions_dry_run_shows_in_its_body():
    deleted = {**CREATED, "verb": "delete", "responseStatus": {"code": 200}}
    assert parse_event({**deleted, "requestObject": {"kind": "DeleteOptions", "dryRun": ["All"]}}).dry_run
    assert parse_event({**deleted, "requestObject": {"kind": "DeleteOptions"}}).is_persisted_mutation


def test_what_was_refused_persisted_nothing():
    assert parse_event(CREATED).is_persisted_mutation
    assert not parse_event({**CREATED, "responseStatus": {"code": 403}}).is_persisted_mutation
    assert not parse_event({**CREATED, "verb": "get"}).is_persisted_mutation


def test_events_are_chosen_by_user_and_verb_and_a_half_line_is_left_out(tmp_path):
    log = tmp_path / "audit.log"
    lines = [CREATED, {**CREATED, "verb": "get"}, {**CREATED, "user": {"username": "bob"}}]
    log.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '{"verb": "pa')
    assert len(list(read_audit(log))) == 3
    assert [event.verb for event in read_audit(log, user="ann")] == ["create", "get"]
    assert [event.user for event in read_audit(log, verbs=MUTATING)] == ["ann", "bob"]
