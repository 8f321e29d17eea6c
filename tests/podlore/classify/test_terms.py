from hypothesis import given
from hypothesis import strategies as st

from podlore.classify.terms import labels_and_words, part_terms, word_terms


def test_camel_case_falls_into_its_words() -> None:
    assert labels_and_words("java.lang.OutOfMemoryError NFSv4 FailedCreatePodSandBox")[1] == [
        *("java", "lang", "out", "of", "memory", "error", "nfsv0", "failed", "create", "pod", "sand", "box"),
    ]  # fmt: skip


def test_numbers_that_mean_something_stay_and_others_lose_their_digits() -> None:
    assert labels_and_words("Xid 79 HTTP 401 pid 48213 addr deadbeef01 sda1")[1] == [
        *("xid", "79", "http", "401", "pid", "0000", "addr", "0x", "sda0"),
    ]  # fmt: skip


def test_what_follows_a_bar_is_message_even_if_it_looks_like_a_label() -> None:
    labels, words = labels_and_words("service=a component=b | x=1 | y")
    assert labels == ["service=a", "component=b"]
    assert words == ["x", "1", "y"]


@given(st.text(max_size=2_000))
def test_any_text_has_a_bounded_number_of_short_terms(text: str) -> None:
    assert len(word_terms(text)) < 5_000
    assert all(len(part) <= 5 for part in part_terms(text))
