"""The Lease on an API server, as `podlore_operator.lease.Elector` wants it."""

from http import HTTPStatus

from podlore_operator.lease import Conflict, Json
from podlore_operator.observe.connection import Connection
from podlore_operator.observe.refused import Refused

API_VERSION = "coordination.k8s.io/v1"
REQUEST_SECONDS = 5.0
"""Less than the time between the renew deadline and the Lease's end."""


class ApiLease:
    """One Lease object."""

    def __init__(self, api: Connection, namespace: str, name: str) -> None:
        self._api = api
        self._metadata = {"namespace": namespace, "name": name}
        self._collection = f"/apis/{API_VERSION}/namespaces/{namespace}/leases"
        self._path = f"{self._collection}/{name}"

    async def get(self) -> Json | None:
        """Return the Lease, None where there is none."""
        try:
            return (await self._api.request("GET", self._path, seconds=REQUEST_SECONDS)).json()
        except Refused as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def create(self, spec: Json) -> Json:
        """Create the Lease; `Conflict` if it exists."""
        lease = {"apiVersion": API_VERSION, "kind": "Lease", "metadata": self._metadata, "spec": spec}
        return await self._write("POST", self._collection, lease)

    async def replace(self, lease: Json) -> Json:
        """Put the Lease back under the resource version it carries; `Conflict` if that is old."""
        return await self._write("PUT", self._path, lease)

    async def _write(self, method: str, path: str, lease: Json) -> Json:
        try:
            return (await self._api.request(method, path, body=lease, seconds=REQUEST_SECONDS)).json()
        except Refused as refusal:
            if refusal.status == HTTPStatus.CONFLICT:
                raise Conflict from None
            raise
