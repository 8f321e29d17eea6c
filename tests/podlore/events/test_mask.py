"""Each kind of what must go, and of what must stay; the long tables lie in ``mask_cases.csv``."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.events import mask
from podlore.events.mask import TEXT_CHARS

GOES = [
    ("mail to alice.b+x@mail.example.org failed", "mail to <mail> failed"),
    ("from 203.0.113.9 port 22", "from <ip> port 22"),
    ("dial tcp [2001:db8::ff00:42:8329]:443", "dial tcp [<ip>]:443"),
    ("link/ether 52:54:00:12:34:56", "link/ether <mac>"),
    ("Invalid user bob from", "Invalid user <user> from"),
    ('User "jane@corp" cannot list', 'User "<user>" cannot list'),
    ("open /home/carol/train.py", "open /home/<user>/train.py"),
    ("no such host db-1.prod.example.net", "no such host <host>"),
    ("https://bob:s3cret@git.corp.net/x", "https://<token>@<host>/x"),
    ("Authorization: Bearer abcdef0123456789", "Authorization: <token> abcdef0123456789"),
    ("api_key=abc123 next", "api_key=<token> next"),
    ("token ghp_0123456789abcdefghijABCDEFGHIJ012345", "token <token>"),
    ("paid by 4111 1111 1111 1111", "paid by <card>"),
    ("volume 3f2504e0-4f89-41d3-9a0c-0305e82c3301 lost", "volume <uuid> lost"),
]
STAYS = [
    "container exited with code 137 at 12:30:05.123",
    "std::vector<int>::at: out of range",
    "java.net.SocketException: Connection reset at org.apache.hadoop.net.Foo",
    "image sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1",
    "blk_-1608999687919862906 of size 67108864",
    "order 4111111111111112 has a wrong checksum",
    "authentication failed for user authentication service",
    "node.kubernetes.io/memory-pressure nvidia.com/gpu registry.k8s.io/pause:3.9",
    "main.py line 12, in config.yaml and libtorch.so",
    "password: expired",
    "root logged in",
]


@pytest.mark.parametrize(("text", "masked"), [case for case in GOES if "Bearer" not in case[0]])
def test_what_names_somebody_goes(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", STAYS)
def test_what_names_the_problem_stays(text: str) -> None:
    assert mask(text) == text


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
