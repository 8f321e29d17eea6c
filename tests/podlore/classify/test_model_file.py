import json
import shutil
from pathlib import Path

import pytest
from skops import io

from podlore.classify import load
from podlore.classify.model_file import MANIFEST, MODEL, save, shipped_folder
from podlore.errors import BadInput


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(shipped_folder(), tmp_path / "model")


def sign(folder: Path) -> None:
    """Make the manifest fit the file, as somebody would who tampers with both."""
    import hashlib

    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["sha256"] = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_a_saved_model_is_the_same_after_loading_and_the_same_file_when_saved_again(tmp_path: Path) -> None:
    shipped = load()
    first = save(shipped, tmp_path / "a", {})
    second = save(load(tmp_path / "a"), tmp_path / "b", {})
    assert first["sha256"] == second["sha256"]
    assert load(tmp_path / "b").predict(["disk full"]) == shipped.predict(["disk full"])


def test_the_shipped_file_is_small() -> None:
    assert (shipped_folder() / MODEL).stat().st_size < 10 * 2**20


def test_one_flipped_bit_is_noticed(folder: Path) -> None:
    content = bytearray((folder / MODEL).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / MODEL).write_bytes(content)
    with pytest.raises(BadInput, match="its manifest says otherwise"):
        load(folder)


def test_a_file_that_holds_code_is_refused_even_if_the_manifest_fits(folder: Path) -> None:
    class Trap:
        pass

    io.dump({"classes": Trap()}, folder / MODEL)
    sign(folder)
    with pytest.raises(BadInput, match="plain arrays only"):
        load(folder)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_a_file_that_is_none_is_refused_even_if_the_manifest_fits(folder: Path, content: bytes) -> None:
    (folder / MODEL).write_bytes(content)
    sign(folder)
    with pytest.raises(BadInput, match="cannot be unpacked"):
        load(folder)


@pytest.mark.parametrize(
    "change", [{"temperature": 0.0}, {"classes": ["Security"]}, {"classes": ["Nonsense"]}, {"intercept": None}]
)
def test_a_file_that_does_not_fit_is_refused_even_if_the_manifest_fits(folder: Path, change: dict[str, object]) -> None:
    io.dump({**io.load(folder / MODEL, trusted=[]), **change}, folder / MODEL)
    sign(folder)
    with pytest.raises(BadInput, match="train it again"):
        load(folder)


def test_a_folder_without_a_manifest_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="podlore train --to"):
        load(tmp_path)
