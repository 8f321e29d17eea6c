from hypothesis import given
from hypothesis import strategies as st

from podlore.objects.text import ENTRIES_MAX, clean, clean_map

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=3000)


@given(ANY_TEXT, st.integers(1, 1024))
def test_clean_text_is_bounded_encodable_and_harmless(text, bytes_max):
    cleaned = clean(text, bytes_max)
    assert len(cleaned.encode()) <= bytes_max
    assert all(char.isprintable() or char in "\n\t" for char in cleaned)


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=1024))
def test_plain_text_stays_as_it_is(text):
    assert clean(text) == text


def test_lines_stay_apart():
    assert clean("Traceback:\n\tOSError\r") == "Traceback:\n\tOSError "


def test_the_same_labels_are_kept_whatever_their_order():
    labels = {f"label-{number:04d}": "x" for number in range(1000)}
    kept = clean_map(dict(reversed(labels.items())))
    assert list(kept) == list(labels)[:ENTRIES_MAX]


def test_copies_of_the_object_never_survive():
    secret = '{"spec":{"containers":[{"env":[{"name":"TOKEN","value":"hunter2"}]}]}}'
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": "small: hunter2",
        "kapp.k14s.io/original": "small: hunter2",
        "someone.example/copy": secret,
        "someone.example/list": "[1]",
        "someone.example/yaml": "env:\n- value: hunter2",
        "someone.example/long": "hunter2" * 1000,
        "gpu-fraction": "0.5",
    }
    assert clean_map(annotations) == {"gpu-fraction": "0.5"}
