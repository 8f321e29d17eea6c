"""Synthetic labelled events and logs: vocabularies of messages, incidents that unfold, a seeded generator."""

from podlore.events.generator.fingerprint import fingerprint
from podlore.events.generator.generate import Generated, generate

__all__ = ["Generated", "fingerprint", "generate"]
