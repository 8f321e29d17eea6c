"""The operator's line to the API server: one request, or a watch as a stream of lines; called by all that asks there.

Every wait has an end. Credentials are read anew once when the server no longer accepts them. What goes wrong is an
`Unavailable` whose text says the way out; an answer that says no is a `Refused`, which is one too.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

from podlore.errors import BadInput, Unavailable
from podlore_operator.observe.credentials import Credentials, read_credentials
from podlore_operator.observe.refused import Refused, refusal

__all__ = ["APPLY_PATCH", "JSON", "MERGE_PATCH", "Answer", "Connection", "Patience", "Refused"]

logger = logging.getLogger(__name__)

LINE_BYTES_MAX = 16 * 2**20

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the object that the server answered with."""
        try:
            found = msgspec.json.decode(self.body or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable(f"the API server answered with something else than JSON: {error}") from None
        if not isinstance(found, dict):
            raise Unavailable(f"the API server answered with {type(found).__name__} where an object was expected")
        return found


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a connection, for a whole request, and for the next word of a watch.

    The last is longer than the minute in which the server sends at least a bookmark: after it the line is dead.
    """

    connect_seconds: float = 5.0
    request_seconds: float = 15.0
    silence_seconds: float = 70.0


class Connection:
    """An API server, asked as one user; an asynchronous context manager.

    Parameters
    ----------
    read_credentials
        Returns what to show; called at the start, and again when the server refuses it.
    """

    def __init__(
        self,
        read_credentials: Callable[[], Credentials],
        patience: Patience = Patience(),
        user_agent: str = "podlore",
    ) -> None:
        self._read_credentials = read_credentials
        self._credentials = read_credentials()
        self._token = _Token(self._credentials)
        connect, request, silence = patience.connect_seconds, patience.request_seconds, patience.silence_seconds
        self._for_request = aiohttp.ClientTimeout(total=request, sock_connect=connect)
        self._for_watch = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=silence)
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def open(cls, kubeconfig: Path | None = None, context: str | None = None) -> "Connection":
        """Return a connection by kubeconfig where one is given or found, else by the pod's service account."""
        return cls(partial(read_credentials, kubeconfig, context))

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self._credentials.server

    @property
    def namespace(self) -> str:
        """The namespace of the context, or of the pod."""
        return self._credentials.namespace

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=30)
        self._session = aiohttp.ClientSession(connector=connector, headers={"User-Agent": self._user_agent})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = JSON,
        accept: str = JSON,
        seconds: float | None = None,
    ) -> Answer:
        """Ask once and return the answer.

        Parameters
        ----------
        path
            From the root, e.g. ``/api/v1/pods``.
        body
            Bytes, or an object that is sent as JSON (which is also YAML, for server-side apply).
        seconds
            The most that the request may take, where it is more or less than usual.

        Raises
        ------
        Refused
            If the server says no; nothing is retried here but refused credentials, once.
        Unavailable
            If there is no answer.
        """
        data = None if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"Accept": accept, **({} if data is None else {"Content-Type": content_type})}
        patience = self._for_request
        if seconds is not None:
            patience = aiohttp.ClientTimeout(total=seconds, sock_connect=patience.sock_connect)
        async with self._ask(method, path, query, patience, headers=headers, data=data) as response:
            return Answer(response.status, await response.read())

    async def watch(self, path: str, query: Mapping[str, str], *, accept: str = JSON) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a watch until the server ends it; a line that was cut off is not yielded.

        Use it in ``contextlib.aclosing``. Raises as `request` does, and also when the line is silent for too long.
        """
        async with self._ask("GET", path, query, self._for_watch, headers={"Accept": accept}) as response:
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
                for line in lines:
                    if line:
                        yield line
                if len(rest) > LINE_BYTES_MAX:
                    raise Unavailable(f"{path}: a watch event of more than {LINE_BYTES_MAX >> 20} MiB, not read")

    @asynccontextmanager
    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        patience: aiohttp.ClientTimeout,
        *,
        headers: Mapping[str, str],
        data: bytes | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give its good answer; whatever else happens becomes one of our errors."""
        if self._session is None:
            raise AssertionError("use the connection in 'async with'")
        with _explaining(self._credentials, f"{method} {path}", patience):
            for is_last in (False, True):
                credentials = self._credentials
                async with self._session.request(
                    method,
                    credentials.server + path,
                    params=query,
                    data=data,
                    headers={**headers, **self._token.header()},
                    timeout=patience,
                    ssl=credentials.tls if credentials.tls is not None else True,
                    server_hostname=credentials.server_name,
                    proxy=credentials.proxy,
                    allow_redirects=False,
                ) as response:
                    if response.status < 300:
                        yield response
                        return
                    if response.status == 401 and not is_last:
                        self._renew_credentials()
                        continue
                    raise await refusal(response, f"{method} {path}", credentials)

    def _renew_credentials(self) -> None:
        """Read the credentials anew; where that fails the old ones are as good."""
        try:
            self._credentials = self._read_credentials()
        except (BadInput, Unavailable) as error:
            logger.warning("cannot read the credentials anew: %s", error)
        self._token = _Token(self._credentials)


class _Token:
    """A bearer token, read again from its file whenever that changes."""

    def __init__(self, credentials: Credentials) -> None:
        self._file = credentials.token_file
        self._token = credentials.token
        self._changed_at = 0

    def header(self) -> dict[str, str]:
        if self._file is not None:
            self._refresh(self._file)
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _refresh(self, file: Path) -> None:
        try:
            if (changed_at := file.stat().st_mtime_ns) != self._changed_at:
                self._token, self._changed_at = file.read_text(encoding="ascii").strip(), changed_at
        except (OSError, UnicodeDecodeError) as error:
            if not self._token:
                raise BadInput(f"cannot read the token at {file}: {error}") from None


@contextmanager
def _explaining(credentials: Credentials, what: str, patience: aiohttp.ClientTimeout) -> Iterator[None]:
    """Turn what can go wrong on the way into `Unavailable`, with the way out."""
    server = credentials.server
    try:
        yield
    except aiohttp.ClientSSLError as error:
        raise Unavailable(
            f"{server} is not the server that {credentials.source} trusts ({_short(error)}): "
            "check its certificate authority, or take the kubeconfig of this cluster"
        ) from None
    except aiohttp.ClientConnectorError as error:
        raise Unavailable(
            f"no API server at {server} ({_short(error)}): is the cluster running, and is {credentials.source} the one?"
        ) from None
    except TimeoutError:
        seconds = patience.total or patience.sock_read
        raise Unavailable(f"{what}: no word from {server} for {seconds:g} s") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable(f"{what}: the line to {server} broke ({_short(error)})") from None


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200] or type(error).__name__
