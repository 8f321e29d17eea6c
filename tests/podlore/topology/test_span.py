"""The least span, against its slow twin."""

from hypothesis import given
from hypothesis import strategies as st

from podlore.testing.naive.span import least_span
from podlore.topology.span import least_domains

rooms = st.dictionaries(st.tuples(st.sampled_from("abcdefg")), st.integers(0, 9), max_size=7)


@given(rooms, st.integers(0, 30))
def test_the_roomiest_domains_first_need_the_fewest(room: dict[tuple[str, ...], int], pods: int) -> None:
    chosen = least_domains(room, pods)
    assert (None if chosen is None else len(chosen)) == least_span(room, pods)
    if chosen is not None:
        assert sum(room[domain] for domain in chosen) >= pods
