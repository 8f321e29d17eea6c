"""What is kept of how metrics went, compared with a slow and obvious book that keeps everything."""

from hypothesis import given
from hypothesis import strategies as st

from podlore_operator.metrics.read_steps import STEPS_KEPT, RowKey
from podlore_operator.metrics.series_book import SeriesBook

KEYS = [RowKey("up", f"g{number}") for number in range(3)]
PUTS = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.dictionaries(st.sampled_from(KEYS), st.dictionaries(st.integers(-3, 0), st.floats(0, 9), max_size=3)),
    ),
    max_size=8,
)


@given(PUTS)
def test_it_shows_the_last_twelve_hours_of_everything_it_was_told(puts):
    book, told, last = SeriesBook(), {}, 1000
    for forward, rows in puts:
        last += forward
        book.put(last, {key: {last + back: value for back, value in row.items()} for key, row in rows.items()})
        for key, row in rows.items():
            told.setdefault(key, {}).update({last + back: value for back, value in row.items()})
    shown = {RowKey(one.metric, one.node): one.values for one in book.series()}
    wanted = {
        key: tuple(values.get(step) for step in range(last - STEPS_KEPT + 1, last + 1)) for key, values in told.items()
    }
    assert {key: row for key, row in shown.items() if any(v is not None for v in row)} == {
        key: row for key, row in wanted.items() if any(v is not None for v in row)
    }


def test_rows_are_bounded_and_what_is_left_out_is_counted():
    book = SeriesBook(rows_max=2)
    book.put(10, {key: {10: 1.0} for key in KEYS})
    assert [one.node for one in book.series()] == ["g0", "g1"]
    assert book.left_out == 1


def test_a_row_of_which_nothing_is_left_makes_room():
    book = SeriesBook(rows_max=1)
    book.put(10, {KEYS[0]: {10: 1.0}})
    book.put(10 + STEPS_KEPT, {KEYS[1]: {10 + STEPS_KEPT: 1.0}})
    assert [one.node for one in book.series()] == ["g1"]
