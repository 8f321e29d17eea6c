import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.vocabulary import ObjectRef, Pattern
from podlore_operator.api.identity import NAME_LENGTH_MAX, advice_name

JOB = ObjectRef("batch", "Job", "vision", "train", uid="1")
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
kinds = st.from_regex(r"[A-Z][A-Za-z0-9]{0,62}", fullmatch=True)


@given(st.builds(ObjectRef, words, kinds, words, words), st.sampled_from(Pattern), words)
def test_every_name_is_a_dns_label(target, pattern, cause):
    name = advice_name(target, pattern, cause)
    assert DNS_LABEL.fullmatch(name)
    assert len(name) <= NAME_LENGTH_MAX


def test_a_short_target_stands_in_the_name_whole():
    assert re.fullmatch(r"job-train-crashloop-[0-9a-f]{8}", advice_name(JOB, Pattern.CRASH_LOOP, "ExitCode"))


def test_a_long_target_keeps_its_beginning_its_end_and_the_hash():
    target = replace(JOB, name="resnet-50-on-imagenet-with-a-large-batch-and-warm-up-run-17")
    name = advice_name(target, Pattern.RESOURCE_HOARDING, "IdleGpus")
    assert re.fullmatch(r"job-resnet-50.*-run-17-resourcehoarding-[0-9a-f]{8}", name)


def test_a_resubmitted_job_has_the_same_name():
    again = replace(JOB, uid="2", version="v2")
    assert advice_name(again, Pattern.CRASH_LOOP, "Image") == advice_name(JOB, Pattern.CRASH_LOOP, "Image")


@pytest.mark.parametrize("change", [{"group": "x"}, {"kind": "Pod"}, {"namespace": "speech"}, {"name": "Train"}])
def test_another_target_has_another_name(change):
    other = replace(JOB, **change)
    assert advice_name(other, Pattern.CRASH_LOOP, "Image") != advice_name(JOB, Pattern.CRASH_LOOP, "Image")


def test_two_causes_are_two_objects():
    assert advice_name(JOB, Pattern.CRASH_LOOP, "Image") != advice_name(JOB, Pattern.CRASH_LOOP, "ExitCode")


def test_long_targets_that_differ_only_in_the_middle_have_different_names():
    first, second = (replace(JOB, name=f"{'a' * 40}{middle}{'z' * 40}") for middle in "xy")
    assert advice_name(first, Pattern.STRAGGLER, "Slow") != advice_name(second, Pattern.STRAGGLER, "Slow")
