"""Every error podlore raises on purpose, divided by whose move it is.

::

    PodloreError
    ├── BadInput            what was given is wrong: fix it
    ├── NotEnoughEvidence   too little was seen so far: wait
    └── Unavailable         something podlore needs does not answer: start it, or try again
"""


class PodloreError(Exception):
    """Base of all errors raised on purpose; its text is one line that says the way out."""


class BadInput(PodloreError, ValueError):
    """What was given is wrong and stays wrong until somebody fixes it."""


class NotEnoughEvidence(PodloreError):
    """Too little was seen to say anything.

    >>> str(NotEnoughEvidence(seen=3, needed=5, what="runs"))
    'seen 3 runs, needed 5'
    """

    def __init__(self, seen: float, needed: float, what: str = "samples") -> None:
        super().__init__(f"seen {seen:g} {what}, needed {needed:g}")
        self.seen = seen
        self.needed = needed


class Unavailable(PodloreError):
    """A cluster, a Prometheus, a tool or a file system does not answer as it should."""
