"""When the API server says no: an HTTP answer, or a Status in a watch, becomes a `Refused` with the way out."""

from email.utils import parsedate_to_datetime
from time import time

import aiohttp
import msgspec

from podlore.errors import Unavailable
from podlore_operator.observe.credentials import Credentials

RETRY_AFTER_SECONDS_MAX = 60.0


class Refused(Unavailable):
    """The API server answered, and said no.

    ``status`` is the HTTP status, ``reason`` Kubernetes' machine-readable one (NotFound, Conflict, ...), ``details``
    the server's own words, and ``retry_after_seconds`` how long it asks to wait, 0 if it does not.
    """

    def __init__(
        self, text: str, *, status: int, reason: str = "", details: str = "", retry_after_seconds: float = 0.0
    ) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.details = details
        self.retry_after_seconds = retry_after_seconds


class Status(msgspec.Struct):
    """Kubernetes' Status object, as far as errors need it."""

    code: int = 0
    reason: str = ""
    message: str = ""


async def refusal(response: aiohttp.ClientResponse, what: str, credentials: Credentials) -> Refused:
    """Return the error that a bad answer to ``what`` is."""
    status = read_status(await response.read())
    details = status.message[:500] or response.reason or ""
    text = f"{what}: {response.status} {details}"
    if response.status == 401:
        text = f"{credentials.server} does not accept {credentials.source}: renew its token or certificate"
    elif response.status == 403:
        text = f"{text}; grant it to the account of {credentials.source}"
    return Refused(
        text,
        status=response.status,
        reason=status.reason,
        details=details,
        retry_after_seconds=read_retry_after(response.headers.get("Retry-After", "")),
    )


def read_status(body: bytes | msgspec.Raw) -> Status:
    """Return the Status in a body, or one whose message is the body itself."""
    try:
        return msgspec.json.decode(body, type=Status)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Status(message=bytes(body)[:200].decode(errors="replace"))


def read_retry_after(header: str) -> float:
    """Return how long to wait by a header that holds seconds or a date; bounded, since it is foreign."""
    if header.isascii() and header.isdecimal():
        return min(float(header[:9]), RETRY_AFTER_SECONDS_MAX)
    try:
        return min(max(0.0, parsedate_to_datetime(header).timestamp() - time()), RETRY_AFTER_SECONDS_MAX)
    except (TypeError, ValueError, OverflowError):
        return 0.0
