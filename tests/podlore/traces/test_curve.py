"""Curves against a slow twin, their text, and what is no curve."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore.errors import BadInput
from podlore.traces.curve import POINTS_MAX, Curve, parse_curve

POINTS = st.dictionaries(st.integers(0, 100_000), st.integers(0, 1000), min_size=1, max_size=20).map(
    lambda points: Curve(tuple(float(x) for x in sorted(points)), tuple(points[x] / 1000 for x in sorted(points)))
)


def slow_at(curve: Curve, seconds: float) -> float:
    """Go through all pieces one by one."""
    if seconds <= curve.seconds[0]:
        return curve.shares[0]
    points = list(zip(curve.seconds, curve.shares, strict=True))
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= seconds <= x1:
            return y0 + (y1 - y0) * (seconds - x0) / (x1 - x0)
    return curve.shares[-1]


@given(POINTS, st.floats(-1000, 200_000))
def test_a_curve_equals_its_slow_twin(curve: Curve, seconds: float) -> None:
    assert curve.at(seconds) == pytest.approx(slow_at(curve, seconds), abs=1e-9)
    assert curve.at(seconds) == pytest.approx(float(np.interp(seconds, curve.seconds, curve.shares)), abs=1e-9)


@given(POINTS)
def test_a_curve_survives_being_written_and_read(curve: Curve) -> None:
    assert parse_curve(str(curve)) == curve


def test_the_annotation_of_the_lab_is_read() -> None:
    curve = parse_curve("0:0.05,600:0.92,7200:0.9,7201:0.0")
    assert curve.at(300) == pytest.approx(0.485)
    assert curve.at(10_000) == 0.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "at least one point"),
        ("0", "no point of a curve"),
        ("0:x", "no point of a curve"),
        ("10:0.5,5:0.5", "must rise"),
        ("0:0.5,0:0.6", "must rise"),
        ("-1:0.5", "not negative"),
        ("inf:0.5", "not negative"),
        ("nan:0.5", "not negative"),
        ("0:1.5", "between 0 and 1"),
        ("0:nan", "between 0 and 1"),
        (",".join(f"{x}:0" for x in range(POINTS_MAX + 1)), f"at most {POINTS_MAX}"),
    ],
)
def test_what_is_no_curve_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        parse_curve(text)
