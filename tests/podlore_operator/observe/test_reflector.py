import logging

import pytest

from podlore_operator.observe.connection import Connection, Patience
from podlore_operator.observe.credentials import Credentials
from podlore_operator.observe.reflector import ABSENT_SECONDS, PAGE_LIMIT
from podlore_operator.observe.resource import controllers
from podlore_operator.observe.testing import FakeApiServer, Fault, Stream, eventually, pod_object

PODS = "/api/v1/pods"


async def test_it_lists_and_then_follows(server, watch):
    await server.put(PODS, pod_object("a"))
    watched = watch()
    await watched.shows("a")
    assert watched.reflector.synced.is_set()
    await server.put(PODS, pod_object("b"))
    await watched.shows("a", "b")
    await server.put(PODS, pod_object("b", node="gpu-1"))
    await eventually(lambda: watched.state.snapshot().pods[1].node == "gpu-1", "the change")
    await server.remove(PODS, "a", "vision")
    await watched.shows("b")
    assert watched.reflector.progress.events == {"ADDED": 1, "MODIFIED": 1, "DELETED": 1}
    assert watched.pauses == []


async def test_a_long_list_comes_in_pages_of_one_version(server, watch):
    for number in range(2 * PAGE_LIMIT + 1):
        await server.put(PODS, pod_object(f"p{number:04d}"))
    watched = watch()
    await eventually(watched.reflector.synced.is_set, "the list")
    assert len(watched.names) == 2 * PAGE_LIMIT + 1
    assert [asked.verb for asked in server.asked][:3] == ["list", "continue", "continue"]
    assert server.asked[0].query["limit"] == str(PAGE_LIMIT)


async def test_an_expired_continue_token_starts_the_list_over(server, watch):
    for number in range(PAGE_LIMIT + 1):
        await server.put(PODS, pod_object(f"p{number:04d}"))
    server.fail("continue", Fault(status=410))
    watched = watch()
    await eventually(watched.reflector.synced.is_set, "the list")
    assert len(watched.names) == PAGE_LIMIT + 1
    assert server.count("list") == 2


async def test_after_two_expired_tokens_it_lists_without_pages(server, watch):
    for number in range(PAGE_LIMIT + 1):
        await server.put(PODS, pod_object(f"p{number:04d}"))
    server.fail("continue", Fault(status=410), Fault(status=410), Fault(status=410))
    watched = watch()
    await eventually(watched.reflector.synced.is_set, "the list")
    assert len(watched.names) == PAGE_LIMIT + 1
    assert [asked.query.get("limit") for asked in server.asked if asked.verb == "list"] == ["500", "500", None]


async def test_the_watch_asks_for_bookmarks_and_ends_between_four_and_six_minutes(server, watch):
    await watch().watching()
    (asked,) = (asked for asked in server.asked if asked.verb == "watch")
    assert asked.query["allowWatchBookmarks"] == "true"
    assert 240 <= int(asked.query["timeoutSeconds"]) <= 360


async def test_a_bookmark_is_where_the_next_watch_begins(server, watch):
    watched = watch()
    await watched.watching()
    await server.bookmark(PODS)
    await eventually(lambda: watched.reflector.progress.events["BOOKMARK"], "the bookmark")
    server.end_watches()
    await watched.watching(2)
    first, second = (int(asked.query["resourceVersion"]) for asked in server.asked if asked.verb == "watch")
    assert second == first + 1
    assert server.count("list") == 1


@pytest.mark.parametrize("fault", [Fault(in_stream=410), Fault(status=410)], ids=["in stream", "status"])
async def test_a_version_that_is_too_old_leads_to_a_new_list_that_notices_unseen_deletions(server, watch, fault):
    await server.put(PODS, pod_object("a"))
    await server.put(PODS, pod_object("b"))
    server.fail("watch", Fault(stream=Stream.SILENT))
    watched = watch()
    await watched.watching()
    server.remove_unseen(PODS, "a", "vision")
    server.fail("watch", fault)
    server.end_watches()
    await watched.shows("b")
    assert watched.reflector.progress.relists == {"410": 1}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=429, retry_after_seconds=7),
        Fault(status=500),
        Fault(status=503),
        Fault(in_stream=500),
        Fault(in_stream=504),
        Fault(stream=Stream.SILENT),
        Fault(stream=Stream.ENDED),
        Fault(stream=Stream.CUT),
        Fault(stream=Stream.GARBAGE),
    ],
    ids=str,
)
async def test_a_watch_goes_on_from_its_version_after(server, watch, fault):
    server.fail("watch", fault)
    watched = watch()
    await watched.watching()
    await server.put(PODS, pod_object("a"))
    await watched.shows("a")
    assert server.count("list") == 1
    assert len({asked.query["resourceVersion"] for asked in server.asked if asked.verb == "watch"}) == 1
    assert len(watched.pauses) == 1
    assert watched.pauses[0] >= fault.retry_after_seconds


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=429),
        Fault(status=500),
        Fault(reset=True),
        Fault(body=b"<html>"),
        Fault(body=b'{"items": 5}'),
        Fault(status=403),
    ],
    ids=str,
)
async def test_a_list_is_asked_for_again_after(server, watch, fault):
    await server.put(PODS, pod_object("a"))
    server.fail("list", fault, fault, fault, fault, fault)
    watched = watch()
    await watched.shows("a")
    assert server.count("list") == 6
    # The HTTP client itself tries once more, at once, where a connection was dropped without an answer.
    assert sum(watched.reflector.progress.failures.values()) == len(watched.pauses) == (2 if fault.reset else 5)


async def test_a_watch_that_fails_again_and_again_ends_in_a_new_list(server, watch):
    await server.put(PODS, pod_object("a"))
    server.fail("watch", Fault(status=504), Fault(status=504), Fault(status=504))
    watched = watch()
    await watched.watching(4)
    assert server.count("list") == 2
    assert watched.reflector.progress.relists == {"504": 1}


async def test_pauses_grow_and_start_over_after_a_success(server, watch):
    server.fail("list", *[Fault(status=500)] * 12)
    watched = watch()
    await watched.watching()
    assert max(watched.pauses) <= 30
    assert sum(watched.pauses[6:]) > sum(watched.pauses[:6])  # uniform up to 30 s against at most 25.6 s and less
    await server.put(PODS, pod_object("a"))
    await watched.shows("a")
    server.fail("watch", Fault(status=500))
    server.end_watches()
    await eventually(lambda: len(watched.pauses) >= 13, "a pause")
    assert watched.pauses[12] <= 0.8


async def test_every_event_may_come_twice(server, watch):
    server.fail("watch", Fault(stream=Stream.TWICE))
    watched = watch()
    await watched.watching()
    await server.put(PODS, pod_object("a", node="gpu-1"))
    await watched.shows("a")
    await server.remove(PODS, "a", "vision")
    await watched.shows()
    await eventually(lambda: watched.reflector.progress.events == {"ADDED": 2, "DELETED": 2}, "both twice")


async def test_a_name_that_is_used_again_is_another_pod(server, watch):
    await server.put(PODS, pod_object("a", uid="first"))
    watched = watch()
    await watched.watching()
    await server.remove(PODS, "a", "vision")
    await server.put(PODS, pod_object("a", uid="second"))
    await eventually(lambda: [pod.uid for pod in watched.state.snapshot().pods] == ["second"], "the successor")


async def test_an_unreadable_object_is_counted_logged_once_and_skipped(server, watch, caplog):
    await server.put(PODS, pod_object("good"))
    for number in range(5):
        bad = pod_object(f"bad-{number}")
        bad["spec"]["containers"] = f"number {number}"
        await server.put(PODS, bad)
    with caplog.at_level(logging.WARNING):
        watched = watch()
        await watched.watching()
        await server.put(PODS, pod_object("bad-0", labels={"team": 7}))
        await server.put(PODS, pod_object("better"))
        await watched.shows("better", "good")
    assert watched.reflector.progress.bad_objects == 6
    unreadable = [record.getMessage() for record in caplog.records if "unreadable" in record.getMessage()]
    assert len(unreadable) == 2
    assert "$.spec.containers" in unreadable[0]
    assert "$.metadata.labels" in unreadable[1]


async def test_an_object_that_became_unreadable_is_not_known_any_more(server, watch):
    await server.put(PODS, pod_object("a"))
    watched = watch()
    await watched.shows("a")
    await server.put(PODS, pod_object("a", labels=[]))
    await watched.shows()


async def test_a_kind_that_is_not_installed_is_quiet_and_asked_for_rarely(server, watch, caplog):
    missing = controllers("jobset.x-k8s.io/v1alpha2", "JobSet", "jobsets", optional=True)
    with caplog.at_level(logging.WARNING):
        watched = watch(missing)
        await eventually(watched.reflector.synced.is_set, "the answer")
        await eventually(lambda: watched.pauses, "the pause")
    assert watched.reflector.progress.is_absent
    assert watched.pauses[0] >= 0.8 * ABSENT_SECONDS
    assert caplog.records == []


async def test_an_optional_kind_may_be_refused_but_a_needed_one_is_not_synced_without_rights(server, watch):
    optional = controllers("ray.io/v1", "RayJob", "rayjobs", optional=True)
    server.fail("list", Fault(status=403))
    watched = watch(optional)
    await eventually(lambda: watched.reflector.progress.is_absent, "the refusal")
    server.fail("list", *[Fault(status=403)] * 1000)
    needed = watch()
    await eventually(lambda: needed.pauses, "the refusal")
    assert not needed.reflector.synced.is_set()
    assert not needed.reflector.progress.is_absent


async def test_a_kind_that_is_removed_leaves_nothing_behind(server, watch):
    await server.put(PODS, pod_object("a"))
    watched = watch()
    await watched.shows("a")
    server.fail("watch", Fault(status=404))
    server.fail("list", *[Fault(status=404)] * 1000)
    server.end_watches()
    await watched.shows()


async def test_metadata_is_all_that_is_asked_of_replica_sets():
    path = "/apis/apps/v1/replicasets"
    replica_sets = controllers("apps/v1", "ReplicaSet", "replicasets", metadata_only=True)
    assert "as=PartialObjectMetadata;" in replica_sets.accept("PartialObjectMetadata")
    async with FakeApiServer([path]) as server, Connection(lambda: Credentials(server.url, "the test")) as api:
        await server.put(path, {"kind": "PartialObjectMetadata", **pod_object("serve-1")})
        answer = await api.request("GET", path, accept=replica_sets.accept("PartialObjectMetadataList"))
    assert answer.status == 200
    assert "as=PartialObjectMetadataList" in server.asked[0].headers["Accept"]


async def test_silence_is_measured_from_the_last_word(server, watch):
    watched = watch()
    assert watched.reflector.progress.age_seconds() == float("inf")
    await watched.watching()
    assert watched.reflector.progress.age_seconds() < 20


async def test_a_long_silence_costs_a_new_watch_and_nothing_else(server, watch):
    patient = Patience(silence_seconds=0.1)
    async with Connection(lambda: Credentials(server.url, "the test"), patient) as api:
        await server.put(PODS, pod_object("a"))
        watched = watch(connection=api)
        await watched.watching(3)
        assert watched.names == ["a"]
