"""A small client of the lab's API server for what the lab itself must do there: a few objects, and many nodes quickly.

Requests are JSON over connections kept alive, one a thread. Everything larger uses kubectl or a real client library.
"""

import http.client
import json
import ssl
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from podlore.errors import PodloreError, Unavailable
from podlore_lab.certificates import KeyPair

Json = dict[str, Any]
TIMEOUT_SECONDS = 30.0


class Refused(PodloreError):
    """The API server answered with an error; ``code`` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Api:
    """The API server at ``url``, asked as the user whom ``pair`` names."""

    def __init__(self, url: str, authority: Path, pair: KeyPair) -> None:
        self.url = url
        self._host = urlsplit(url).netloc
        self._context = client_context(authority, pair)
        self._local = threading.local()

    def get(self, path: str) -> Json:
        """Return the object or list at this path."""
        return self._request("GET", path)

    def create(self, path: str, body: Json) -> Json:
        """Create an object in the collection at this path."""
        return self._request("POST", path, body)

    def patch(self, path: str, body: Json) -> Json:
        """Merge a patch into the object at this path."""
        return self._request("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path: str) -> Json:
        """Delete the object or all of the collection at this path."""
        return self._request("DELETE", path)

    def is_ready(self) -> bool:
        """Tell whether the server says of itself that it is ready."""
        return is_healthy(f"{self.url}/readyz", self._context)

    def _request(self, method: str, path: str, body: Json | None = None, kind: str = "application/json") -> Json:
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": kind, "Accept": "application/json", "User-Agent": "podlore-lab"}
        try:
            status, answer = self._send(method, path, content, headers)
        except OSError as error:
            self._local.connection = None
            raise Unavailable(f"the API server at {self.url} does not answer: {error}") from error
        parsed: Json = json.loads(answer) if answer else {}
        if status >= http.client.BAD_REQUEST:
            raise Refused(status, f"{method} {path}: {status} {parsed.get('message', '')}")
        return parsed

    def _send(self, method: str, path: str, content: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPSConnection(self._host, context=self._context, timeout=TIMEOUT_SECONDS)
            self._local.connection = connection
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        return response.status, response.read()


def client_context(authority: Path, pair: KeyPair) -> ssl.SSLContext:
    """Return a TLS context that trusts this authority and shows this certificate."""
    context = ssl.create_default_context(cafile=str(authority))
    context.load_cert_chain(pair.certificate, pair.key)
    return context


def is_healthy(url: str, context: ssl.SSLContext | None = None) -> bool:
    """Tell whether a GET of this URL is answered with 200; nobody listening is a plain no."""
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, context=context, timeout=2)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=2)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
