import pytest

from podlore.events.record import SEVERITIES
from podlore.events.severity import NAMES, severity_in, severity_of


def test_every_name_maps_onto_one_of_the_eight() -> None:
    assert set(NAMES.values()) == set(SEVERITIES)


@pytest.mark.parametrize(
    ("message", "severity"),
    [
        ("W0312 10:11:12.123456       1 proxier.go:1] slow", "warning"),
        ("[ERROR] disk full", "error"),
        ("ERROR: relation does not exist", "error"),
        ('level=warn msg="x"', "warning"),
        ('{"level":"fatal","msg":"x"}', "critical"),
        ("ERRORS happen", ""),
        ("an error: x", ""),
    ],
)
def test_a_message_that_states_its_severity_is_believed(message: str, severity: str) -> None:
    assert severity_in(message) == severity


@pytest.mark.parametrize("value", ["", "8", "-1", "³", "0x3", "none"])
def test_an_unknown_severity_is_empty(value: str) -> None:
    assert severity_of(value) == ""
