"""Where a Prometheus is: what a person wrote comes in, a URL that can be asked leaves, before anything heavy loads."""

from urllib.parse import urlsplit

from podlore.errors import BadInput


def prometheus_url(text: str) -> str:
    """Return the URL without a slash at its end.

    Raises
    ------
    BadInput
        If it is no http or https URL.

    Examples
    --------
    >>> prometheus_url("http://prometheus.monitoring:9090/")
    'http://prometheus.monitoring:9090'
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{text[:200]!r} is no URL of a Prometheus: write one such as http://prometheus.monitoring:9090")
    return text.rstrip("/")
