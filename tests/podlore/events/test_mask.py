"""Each kind of what must go, and of what must stay; the long tables lie beside this file."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.events import mask
from podlore.events.mask import TEXT_CHARS

TABLES = Path(__file__).parent
SHOWN = [
    ("mail to alice.b+x@mail.example.org failed", "mail to <mail> failed"),
    ("dial tcp [2001:db8::ff00:42:8329]:443", "dial tcp [<ip>]:443"),
    ('User "jane@corp" cannot list', 'User "<user>" cannot list'),
    ("open /home/carol/train.py", "open /home/<user>/train.py"),
    ("https://bob:s3cret@git.corp.net/x", "https://<token>@<host>/x"),
    ("api_key=abc123 next", "api_key=<token> next"),
    ("paid by 4111 1111 1111 1111", "paid by <card>"),
]


def table(name: str) -> list[str]:
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("case", table("mask_must_go.txt"))
def test_nothing_that_names_somebody_is_left(case: str) -> None:
    text = case.partition(" | ")[2]
    secrets = [part.partition("»")[0].strip("\"'") for part in text.split("«")[1:]]
    masked = mask(text.replace("«", "").replace("»", ""))
    assert secrets
    assert [secret for secret in secrets if secret in masked] == []


@pytest.mark.parametrize("text", table("mask_must_stay.txt"))
def test_what_names_the_problem_stays(text: str) -> None:
    assert mask(text) == text


def test_the_tables_are_long_enough_to_mean_something() -> None:
    assert len(table("mask_must_go.txt")) >= 200
    assert len(table("mask_must_stay.txt")) >= 200


@pytest.mark.parametrize(("text", "masked"), SHOWN)
def test_the_rest_of_a_text_stays(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_bearer_token_goes_whatever_rule_finds_it_first() -> None:
    assert "abcdef0123456789" not in mask("Authorization: Bearer abcdef0123456789")


def test_the_host_a_record_came_from_goes_if_it_is_named() -> None:
    assert mask("gpu-7 lost its link", names=["gpu-7"]) == "<host> lost its link"


@given(st.text(max_size=400))
def test_any_text_is_masked_and_masking_again_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@pytest.mark.parametrize(
    "piece",
    ["a", ":", "1:", "@.", "4 ", "x.com ", "user=", "a@", "::1 ", "/home/", "eyJ", "-----BEGIN A PRIVATE KEY-----"],
)
def test_ten_megabytes_of_anything_take_no_longer_than_what_is_looked_at(piece: str) -> None:
    started = time.process_time()
    masked = mask(piece * (10_000_000 // len(piece)))
    assert len(masked) <= 4 * TEXT_CHARS
    assert time.process_time() - started < 5
