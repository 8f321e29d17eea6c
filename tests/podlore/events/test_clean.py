from hypothesis import given
from hypothesis import strategies as st

from podlore.events.clean import MESSAGE_CHARS, clean, decode


def test_null_bytes_escapes_and_line_ends_go() -> None:
    assert clean("\x1b[1;31mERR\x1b[0m\x00 a\tb\r\nc\x07\u202e") == "ERR a b c"


def test_a_lone_surrogate_does_no_harm() -> None:
    assert clean("a\ud800b") == "a?b"


def test_a_cut_falls_between_words() -> None:
    assert clean("token " * 2_000).endswith("token")
    assert len(clean("token " * 2_000)) <= MESSAGE_CHARS


def test_ten_megabytes_without_a_blank_are_cut() -> None:
    assert len(clean("x" * 10_000_000)) == MESSAGE_CHARS


@given(st.binary(max_size=200))
def test_any_bytes_become_one_printable_line(raw: bytes) -> None:
    line = clean(decode(raw))
    assert line.isprintable()
    assert "\n" not in line
