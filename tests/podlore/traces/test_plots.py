"""Plots of a trace: written in the format of the file's name, or refused with a reason."""

import pytest

from podlore.errors import BadInput
from podlore.traces.job import Job, Trace
from podlore.traces.plots import plot_trace

TRACE = Trace(
    "t", "own", tuple(Job(f"j{i}", gpus=i % 3, submit_seconds=60.0 * i, duration_seconds=9.0) for i in range(9))
)


def test_a_trace_is_drawn_with_what_it_tells_and_what_it_does_not(tmp_path):
    plot_trace(TRACE, tmp_path / "t.svg")
    drawn = (tmp_path / "t.svg").read_text()
    assert drawn.lstrip().startswith("<?xml")
    for title in (
        "<!-- arrivals -->",
        "<!-- running times -->",
        "<!-- waits: none known -->",
        "<!-- t: 9 jobs (own) -->",
    ):
        assert title in drawn


def test_an_empty_trace_an_unknown_format_and_a_missing_folder_are_refused(tmp_path):
    with pytest.raises(BadInput, match="no jobs to plot"):
        plot_trace(Trace("t", "own"), tmp_path / "t.svg")
    for path in (tmp_path / "t.docx", tmp_path / "nowhere" / "t.png"):
        with pytest.raises(BadInput, match="cannot write the plots"):
            plot_trace(TRACE, path)
