import pytest

from podlore.errors import Unavailable
from podlore_lab.waiting import wait_for


def test_it_says_what_was_waited_for():
    with pytest.raises(Unavailable, match=r"waited 0\.05 s for Godot"):
        wait_for(lambda: False, "Godot", timeout_seconds=0.05)


def test_an_error_ends_the_wait_at_once():
    with pytest.raises(ZeroDivisionError):
        wait_for(lambda: 1 / 0, "nothing", timeout_seconds=60)
