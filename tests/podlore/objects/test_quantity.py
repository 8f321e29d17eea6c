from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from podlore.errors import BadInput
from podlore.objects.quantity import milli, nano, whole

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"]


@given(st.integers(0, 10**5), st.integers(0, 999), st.sampled_from(SUFFIXES))
def test_reads_what_the_kubernetes_client_reads(whole_part, fraction, suffix):
    text = f"{whole_part}.{fraction:03d}{suffix}"
    exact = Decimal(parse_quantity(text)) * 10**9
    if suffix != "n":  # the client computes with 28 digits, which is exact here
        assert nano(text) == ceil(exact)


@given(st.integers(0, 10**6), st.integers(-9, 9), st.sampled_from("eE"))
def test_exponents_are_powers_of_ten(number, exponent, letter):
    assert nano(f"{number}{letter}{exponent}") == ceil(Decimal(number).scaleb(exponent + 9))


@pytest.mark.parametrize(
    ("text", "expected_nano"),
    [
        ("1", 10**9),
        (1, 10**9),
        (0.5, 5 * 10**8),
        ("+1", 10**9),
        (".5", 5 * 10**8),
        ("5.", 5 * 10**9),
        ("1E", 10**27),
        ("1E3", 10**12),
        ("1Ei", 2**60 * 10**9),
        ("0.1n", 1),
        ("12e-3", 12 * 10**6),
        (1e22 / 1e20, 100 * 10**9),
    ],
)
def test_reads_every_form(text, expected_nano):
    assert nano(text) == expected_nano


@pytest.mark.parametrize(
    "text",
    ["", "-1", "-0", "1 Gi", "Gi", "1gi", "1KI", "1e", "1e1000000000", "nan", "inf", "٣", "1_000", "0x10", "1" * 100],
)
def test_refuses_what_is_no_amount(text):
    with pytest.raises(BadInput):
        nano(text)


def test_refuses_more_than_kubernetes_can_count():
    assert whole(nano(str(2**63 - 1))) == 2**63 - 1
    with pytest.raises(BadInput, match="larger"):
        nano(str(2**63))
    with pytest.raises(BadInput, match="larger"):
        nano("1e99")


def test_rounds_up_once_and_not_in_every_summand():
    assert milli(nano("100u") * 10) == 1
    assert milli(nano("100u")) * 10 == 10
