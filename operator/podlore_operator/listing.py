"""Reads a whole collection of our own kinds, page by page."""

from http import HTTPStatus
from typing import Any

from podlore_operator.observe.connection import Connection
from podlore_operator.observe.refused import Refused

PAGE_LIMIT = 500


async def list_all(api: Connection, path: str) -> tuple[list[dict[str, Any]], str]:
    """Return all objects at a path, and the resource version of the list; none where the kind is not served."""
    items: list[dict[str, Any]] = []
    token = ""
    while True:
        query = {"limit": str(PAGE_LIMIT)} | ({"continue": token} if token else {})
        try:
            page = (await api.request("GET", path, query=query)).json()
        except Refused as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return [], "0"
            if refusal.status == HTTPStatus.GONE and token:
                items, token = [], ""  # the pages took too long: from the start
                continue
            raise
        items += page.get("items") or []
        metadata = page.get("metadata") or {}
        if not (token := metadata.get("continue") or ""):
            return items, str(metadata.get("resourceVersion") or "0")
