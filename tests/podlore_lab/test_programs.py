import pytest

from podlore.errors import Unavailable
from podlore_lab.programs import named_programs
from podlore_lab.recipe import PACKAGES


def test_a_named_folder_is_taken_if_it_has_every_program(tmp_path, monkeypatch):
    monkeypatch.setenv("PODLORE_CONTROLPLANE_BIN", str(tmp_path))
    with pytest.raises(Unavailable, match=r"lacks etcd, kwok, .*; unset it to build them"):
        named_programs()
    for name in PACKAGES:
        (tmp_path / name).touch(mode=0o755)
    assert named_programs() == tmp_path
    monkeypatch.delenv("PODLORE_CONTROLPLANE_BIN")
    assert named_programs() is None
