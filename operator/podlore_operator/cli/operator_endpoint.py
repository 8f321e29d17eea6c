"""Asks a running operator's HTTP server, for ``podlore advice --operator`` and ``podlore snapshot --operator``."""

from podlore.errors import BadInput, Unavailable

TIMEOUT_SECONDS = 30.0


async def fetch(url: str, path: str) -> bytes:
    """Return what an operator serves at a path.

    Raises
    ------
    BadInput
        If the URL is none.
    Unavailable
        If no operator answers there, or not us.
    """
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url.rstrip("/") + path) as answer:
            body = await answer.read()
    except (aiohttp.InvalidURL, ValueError):
        raise BadInput(f"{url!r} is no URL of an operator: write one such as http://127.0.0.1:8080") from None
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unavailable(
            f"no operator answers at {url} ({type(error).__name__}): is it running, or forwarded by "
            "kubectl port-forward deploy/podlore 8080?"
        ) from None
    if answer.status != 200:
        raise Unavailable(f"{url}{path}: {answer.status} {body[:200].decode(errors='replace').strip()}")
    return body
