"""Settings by option and by environment are the same settings."""

import inspect

import pytest

from podlore.errors import BadInput
from podlore.policy import Mode
from podlore_operator.cli.operator import run
from podlore_operator.settings import Settings


def test_every_setting_is_an_option_and_every_option_a_setting() -> None:
    assert set(inspect.signature(run).parameters) == set(Settings.model_fields)


def test_option_and_setting_have_the_same_default() -> None:
    options = inspect.signature(run).parameters
    for name, field in Settings.model_fields.items():
        if name != "identity":  # made up anew for each process
            assert options[name].default == field.default, name


def test_every_option_has_its_variable_in_the_environment() -> None:
    for name, option in inspect.signature(run, eval_str=True).parameters.items():
        assert option.annotation.__metadata__[0].envvar == f"PODLORE_{name.upper()}"


def test_the_environment_is_read() -> None:
    environment = {
        "PODLORE_MAX_MODE": "Assist",
        "PODLORE_LEASE": "false",
        "PODLORE_CLOCK_SCALE": "240",
        "PODLORE_PROMETHEUS": "",
        "PODLORE_UNKNOWN": "x",
        "HOME": "/",
    }
    settings = Settings.from_environment(environment)
    assert (settings.max_mode, settings.lease, settings.clock.scale) == (Mode.ASSIST, False, 240)
    assert settings.prometheus is None


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"clock_scale": 0}, "--clock-scale"),
        ({"max_mode": "All"}, "--max-mode"),
        ({"log_format": "xml"}, "--log-format"),
        ({"log_level": "loud"}, "--log-level"),
    ],
)
def test_a_wrong_setting_names_its_option(wrong: dict[str, object], option: str) -> None:
    with pytest.raises(BadInput, match=option):
        Settings.of(**wrong)


@pytest.mark.parametrize("listen", ["", "8080", "host", "host:", "host:99999", "a:b:1"])
def test_a_wrong_address_is_refused(listen: str) -> None:
    with pytest.raises(BadInput, match="ADDRESS:PORT"):
        _ = Settings(listen=listen).host_and_port


def test_two_processes_have_two_identities() -> None:
    assert Settings().identity != Settings().identity
