import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlore_operator.api.significant import LARGEST, SMALLEST, two_digits

PLAIN = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,8})?")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_a_plain_decimal_that_the_api_takes(value):
    assert PLAIN.fullmatch(two_digits(value))


@given(st.floats(min_value=SMALLEST, max_value=LARGEST))
def test_the_decimal_is_the_number_to_two_digits(value):
    assert math.isclose(float(two_digits(value)), value, rel_tol=0.05)


@given(st.floats(min_value=SMALLEST, max_value=LARGEST))
def test_rounding_twice_is_rounding_once(value):
    assert two_digits(float(two_digits(value))) == two_digits(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="no finite number"):
        two_digits(value)
