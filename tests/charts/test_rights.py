"""What podlore's account may do, by maxMode: golden files, and promises that no golden file may break."""

import os
from pathlib import Path

import pytest

from podlore_operator.observe.resource import BASIC, WORKLOADS

GOLDEN = Path(__file__).parent / "rights"
SWITCHES = ("events.enabled=true", "annotations.enabled=true", "logs.enabled=true")
CASES = {
    **{mode: [f"maxMode={mode}"] for mode in ("DryRun", "Advise", "Assist")},
    **{f"{mode}-with-everything": [f"maxMode={mode}", *SWITCHES] for mode in ("DryRun", "Advise", "Assist")},
}
cases = pytest.mark.parametrize("case", CASES)
READING = {"get", "list", "watch"}


def rights(manifests, name="podlore"):
    """Yield scope, group, resource, resource name and verb of everything that a role grants."""
    for role in manifests:
        if role["kind"] in ("ClusterRole", "Role") and role["metadata"]["name"] == name:
            scope = "cluster" if role["kind"] == "ClusterRole" else role["metadata"]["namespace"]
            for rule in role["rules"]:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        for only in rule.get("resourceNames", [""]):
                            yield from ((scope, group, resource, only, verb) for verb in rule["verbs"])


def table(found):
    verbs = {}
    for scope, group, resource, only, verb in found:
        verbs.setdefault((scope, group or "core", resource, only), set()).add(verb)
    return "".join(f"{' '.join(filter(None, key))}: {' '.join(sorted(verbs[key]))}\n" for key in sorted(verbs))


@cases
def test_the_rights_are_those_of_the_golden_file(render, case):
    found, golden = table(rights(render(*CASES[case]))), GOLDEN / f"{case}.txt"
    if os.environ.get("PODLORE_UPDATE_GOLDEN"):
        golden.write_text(found)
    assert found == golden.read_text(), f"if this is meant: PODLORE_UPDATE_GOLDEN=1 pytest {__file__}"


@cases
def test_no_right_reaches_secrets_or_everything_or_ends_a_pod(render, case):
    for _, group, resource, _, verb in rights(render(*CASES[case])):
        assert "*" not in (group, resource, verb)
        assert resource not in ("secrets", "pods/exec", "pods/eviction", "pods/binding", "bindings", "nodes/proxy")
        assert resource != "pods" or verb in ("list", "watch", "patch")
        assert group in ("", "podlore.io", "events.k8s.io", "coordination.k8s.io") or verb in READING


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("DryRun")])
def test_a_dry_run_has_no_right_to_write(render, case):
    assert {verb for *_, verb in rights(render(*CASES[case]))} <= READING


def test_what_is_watched_may_be_watched_and_nothing_else(render):
    watched = {tuple(resource.path.split("/")[2:]) for resource in (*BASIC, *WORKLOADS)}
    wanted = {("", parts[1]) if parts[0] == "v1" else (parts[0], parts[2]) for parts in watched}
    granted = {
        (group, resource)
        for _, group, resource, _, verb in rights(render())
        if verb == "watch" and group != "podlore.io"
    }
    assert granted == wanted


def test_each_switch_grants_its_right_and_no_other(render):
    plain = set(rights(render()))
    more = {switch: set(rights(render(switch))) - plain for switch in SWITCHES}
    assert more == {
        "events.enabled=true": {("cluster", "events.k8s.io", "events", "", verb) for verb in ("create", "patch")},
        "annotations.enabled=true": {("cluster", "", "pods", "", "patch")},
        "logs.enabled=true": {("cluster", "", "pods/log", "", "get")},
    }


def test_an_editor_patches_advice_but_neither_creates_it_nor_writes_its_status(render):
    granted = {(resource, verb) for _, _, resource, _, verb in rights(render(), "podlore-editor")}
    kinds = ("clusterschedulingadvices", "schedulingadvices")
    assert granted == {(kind, verb) for kind in kinds for verb in ("get", "list", "patch", "watch")}


def test_a_viewer_only_reads(render):
    assert {verb for *_, verb in rights(render(), "podlore-viewer")} == READING


def test_roles_of_people_are_aggregated_unless_told_otherwise(render):
    def aggregated(*sets):
        roles = [one for one in render(*sets) if one["kind"] == "ClusterRole"]
        return {
            (role["metadata"]["name"], label.rpartition("-")[2])
            for role in roles
            for label in role["metadata"]["labels"]
            if "aggregate-to" in label
        }

    assert aggregated() == {
        *(("podlore-viewer", role) for role in ("view", "edit", "admin")),
        *(("podlore-editor", role) for role in ("edit", "admin")),
    }
    assert aggregated("rbac.aggregate=false") == set()
