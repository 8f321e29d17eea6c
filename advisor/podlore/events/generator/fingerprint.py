"""The hash of what the generator makes: it tells whether two runs trained or scored on the same synthetic data."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict

from podlore.events.generator.generate import Generated


def fingerprint(generated: Iterable[Generated]) -> str:
    """Return the SHA-256 of records with their truth, in order.

    >>> fingerprint([])[:12]
    'e3b0c44298fc'
    """
    digest = hashlib.sha256()
    for row in generated:
        digest.update(json.dumps(asdict(row), sort_keys=True, ensure_ascii=True).encode())
        digest.update(b"\n")
    return digest.hexdigest()
