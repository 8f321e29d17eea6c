"""What requests lacks for an untrusted, slow or huge answer: a deadline for the whole of it, a limit, and the warnings.

``prometheus_api_client`` is given a `Session` of this kind; it then returns only the result, so what Prometheus said
beside it is kept here. One session serves one thread at a time.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import requests
from requests.auth import AuthBase

from podlore.errors import BadInput, Unavailable

BODY_BYTES_MAX = 256 * 2**20
CHUNK_BYTES = 2**16
WARNING_CHARACTERS = 300
WARNINGS_MAX = 5


class Data(msgspec.Struct, rename="camel"):
    """The data of an answer."""

    result_type: str = ""
    result: msgspec.Raw = msgspec.Raw(b"[]")


class Envelope(msgspec.Struct, rename="camel"):
    """An answer of Prometheus' HTTP API."""

    status: str = ""
    data: Data | None = None
    error: str = ""
    warnings: list[str] | None = None
    infos: list[str] | None = None


class Sample(msgspec.Struct):
    """One element of an instant vector: its labels, and when and what it was."""

    metric: dict[str, str]
    value: tuple[float, str]


class Row(msgspec.Struct):
    """One element of a range's matrix: its labels, and what it was at which times."""

    metric: dict[str, str]
    values: list[tuple[float, str]]


_decode_envelope = msgspec.json.Decoder(Envelope).decode
_DECODERS: Mapping[str, Callable[[msgspec.Raw], Any]] = {
    "vector": msgspec.json.Decoder(list[Sample]).decode,
    "matrix": msgspec.json.Decoder(list[Row]).decode,
}


class Answer:
    """What `prometheus_api_client` needs of a response."""

    def __init__(self, status_code: int, content: bytes, session: "Session") -> None:
        self.status_code = status_code
        self.content = content
        self.ok = status_code < 400
        self._session = session

    def json(self) -> dict[str, Any]:
        """Return the answer with its samples parsed, in the shape of the API; warnings go to the session."""
        wanted = self._session.result_type
        try:
            envelope = _decode_envelope(self.content)
            data = envelope.data or Data()
            if envelope.status != "success" or data.result_type != wanted:
                said = envelope.error or f"a {data.result_type or 'missing'} result where a {wanted} was expected"
                raise Unavailable(f"Prometheus answered {self.status_code} with {said[:WARNING_CHARACTERS]}")
            result = _DECODERS[wanted](data.result)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Unavailable(f"this is no answer of a Prometheus: {error}") from None
        said_beside = [*(envelope.warnings or ()), *(envelope.infos or ())]
        self._session.warnings = tuple(text[:WARNING_CHARACTERS] for text in said_beside[:WARNINGS_MAX])
        return {"data": {"result": result}}


class Session(requests.Session):
    """A session whose answers are read whole, within a deadline and a limit.

    ``deadline`` is a monotonic time and ``result_type`` the kind of answer ("vector" or "matrix"): the caller sets
    both before each request. ``warnings`` are the last answer's.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.deadline = float("inf")
        self.result_type = "vector"
        self.warnings: tuple[str, ...] = ()
        self._monotonic = monotonic

    def request(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the signature is requests'
        """Ask and read the answer."""
        with super().request(*args, **{**kwargs, "stream": True, "allow_redirects": False}) as response:
            body = bytearray()
            for chunk in response.iter_content(CHUNK_BYTES):
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    raise Unavailable(f"Prometheus' answer is longer than {BODY_BYTES_MAX >> 20} MiB, not read")
                if self._monotonic() > self.deadline:
                    raise requests.exceptions.ReadTimeout("its answer took too long")
            return Answer(response.status_code, bytes(body), self)


class TokenFile(AuthBase):
    """Shows a bearer token that is read from its file for every request, since it rotates."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token."""
        try:
            token = self._file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"cannot read the token for Prometheus at {self._file}: {error}") from None
        request.headers["Authorization"] = f"Bearer {token}"
        return request
