"""Write and read model folders: ``model.skops`` with plain arrays, and ``manifest.json`` with its SHA-256 and origin.

No type beyond numbers, texts and arrays is trusted, so reading a file runs no code of it; a file that does not match
its manifest, or holds anything else, is `BadInput`. The shipped model lies in ``models/`` of the source tree, and in
``podlore/_models`` of an installed package; in each, ``causes/`` holds the marker of the words that name a cause.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import re2

from podlore.classify.cause_terms import COLUMNS, CauseTerms
from podlore.classify.classifier import Classifier, FloatArray, TermModel
from podlore.errors import BadInput
from podlore.vocabulary import EventClass

MODEL, MANIFEST = "model.skops", "manifest.json"
SHIPPED = "event-classifier"
CAUSES = "causes"
"""The folder within a model folder where the marker of causes lies; a classifier without one is complete as well."""
LARGEST_BYTES = 64 * 2**20
TRUSTED_TYPES: tuple[str, ...] = ()
"""What a file may hold besides skops' own plain types: nothing."""

_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDERS = (_PACKAGE / "_models", _PACKAGE.parents[1] / "models")
_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)
_SCHEMA = "schema.json"
_ADDRESS = re2.compile(r'"__id__": (\d{6,})')


def shipped_folder() -> Path:
    """Return where the shipped model lies, in an installed package or in the source tree."""
    for folder in _FOLDERS:
        if (folder / SHIPPED / MANIFEST).is_file():
            return folder / SHIPPED
    places = " nor ".join(str(folder) for folder in _FOLDERS)
    raise BadInput(f"no event classifier in {places}: make one with: podlore train")


def load(path: str | Path | None = None) -> Classifier:
    """Return the classifier of a model folder, the shipped one by default.

    >>> load().predict(["EXT4-fs error (device sda1): ext4_find_entry: reading directory lblock 0"])[0].event_class
    <EventClass.STORAGE: 'Storage'>
    """
    folder = Path(path) if path else shipped_folder()
    state, manifest = load_state(folder)
    return _classifier(state, str(manifest.get("version", "")), folder)


def load_causes(folder: Path) -> CauseTerms | None:
    """Return the marker of causes in a model folder, None where there is none.

    >>> load_causes(shipped_folder()).find("dial tcp: lookup <host> on <ip>:53: no such host")
    ('no such host',)
    """
    if not (folder / CAUSES).is_dir():
        return None
    state, _ = load_state(folder / CAUSES)
    try:
        return CauseTerms(array_of(state["weights"], (COLUMNS,)), float(state["ease"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{folder / CAUSES} holds no marker of causes ({error}): train it again") from None


def load_state(folder: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what a model folder holds and what its manifest says.

    Raises
    ------
    BadInput
        If one does not fit the other, or the file holds anything but plain types.
    """
    manifest = read_manifest(folder)
    content = _content(folder / MODEL)
    digest = hashlib.sha256(content).hexdigest()
    if digest != manifest.get("sha256"):
        raise BadInput(
            f"{folder / MODEL} has SHA-256 {digest[:12]}…, its manifest says otherwise: train or fetch it again"
        )
    return _plain(content, folder / MODEL), manifest


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """Return what the manifest of a model folder says."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder} is no model folder ({error}): make one with: podlore train --to {folder}") from None
    if not isinstance(manifest, dict):
        raise BadInput(f"{folder / MANIFEST} holds no object: make it again with: podlore train --to {folder}")
    return manifest


def save(classifier: Classifier, folder: Path, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write a model folder and return its manifest; ``facts`` tell on what it was trained and what was measured."""
    state: dict[str, Any] = {
        "classes": [str(event_class) for event_class in classifier.classes],
        "intercept": classifier.intercept,
        "temperature": float(classifier.temperature),
    }
    for name, model in (("words", classifier.words), ("parts", classifier.parts)):
        state |= {
            f"{name}.terms": np.frombuffer("\n".join(model.terms).encode(), np.uint8),
            f"{name}.idf": model.idf,
            f"{name}.coefficients": model.coefficients,
        }
    return save_state(state, folder, {**facts, "version": classifier.version})


def save_state(state: Mapping[str, Any], folder: Path, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write a folder of arrays, texts and numbers, with a manifest of its hash; the same state is the same file."""
    from skops import io  # noqa: PLC0415 - the learning stack loads lazily

    content = _steady(io.dumps(dict(state)))
    manifest = {
        **facts,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL).write_bytes(content)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return manifest


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise BadInput(f"{file} has more than {LARGEST_BYTES} bytes: that is no event classifier")
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}; train or fetch the model again") from None


def _plain(content: bytes, file: Path) -> Mapping[str, Any]:
    """Unpack a file of plain types; whatever is wrong with it, the answer is the same: it is not ours."""
    from skops import io  # noqa: PLC0415 - the learning stack loads lazily

    try:
        unknown = io.get_untrusted_types(data=content)
        state = None if unknown else io.loads(content, trusted=list(TRUSTED_TYPES))
    except Exception as error:  # zip, JSON, numpy and skops each have their own
        raise BadInput(f"{file} cannot be unpacked ({type(error).__name__}): train or fetch the model again") from None
    if unknown:
        raise BadInput(f"{file} holds {', '.join(sorted(unknown)[:3])}: an event classifier holds plain arrays only")
    if not isinstance(state, dict):
        raise BadInput(f"{file} holds no model: train or fetch it again")
    return state


def _classifier(state: Mapping[str, Any], version: str, folder: Path) -> Classifier:
    try:
        classes = tuple(EventClass(name) for name in state["classes"])
        words, parts = _terms(state, "words", len(classes)), _terms(state, "parts", len(classes))
        intercept = array_of(state["intercept"], (len(classes),))
        temperature = float(state["temperature"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{folder / MODEL} does not fit this version of podlore ({error}): train it again") from None
    if not temperature > 0:
        raise BadInput(f"{folder / MODEL} has a temperature of {temperature}: train it again")
    return Classifier(classes, words, parts, intercept, temperature, version, load_causes(folder))


def _terms(state: Mapping[str, Any], name: str, n_classes: int) -> TermModel:
    terms = tuple(bytes(state[f"{name}.terms"]).decode().split("\n"))
    idf = array_of(state[f"{name}.idf"], (len(terms),))
    return TermModel(terms, idf, array_of(state[f"{name}.coefficients"], (len(terms), n_classes)))


def array_of(value: Any, shape: tuple[int, ...]) -> FloatArray:  # noqa: ANN401 - what a file holds is not known yet
    """Return a file's array; ValueError if it has another shape or is not finite."""
    array = np.asarray(value, np.float32)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"an array of shape {array.shape}, expected {shape} and finite")
    return array


def _steady(content: bytes) -> bytes:
    """Pack an archive again without time stamps and memory addresses, so that the same model is the same file."""
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(packed, "w") as target:
        schema = source.read(_SCHEMA).decode()
        addresses = dict.fromkeys(_ADDRESS.findall(schema))
        for number, address in enumerate(addresses):
            schema = schema.replace(address, str(number))
            if f"{address}.npy" in source.namelist():
                _add(target, f"{number}.npy", source.read(f"{address}.npy"))
        _add(target, _SCHEMA, schema.encode())
    return packed.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH_OF_ZIP), content, zipfile.ZIP_DEFLATED, 9)
