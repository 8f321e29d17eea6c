"""Where what the lab builds is kept between runs."""

import os
from pathlib import Path


def cache_root() -> Path:
    """Return podlore's cache, ``$PODLORE_CACHE`` or ``podlore`` in the user's cache folder.

    >>> cache_root().is_absolute()
    True
    """
    chosen = os.environ.get("PODLORE_CACHE")
    if chosen:
        return Path(chosen).absolute()
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user).absolute() / "podlore"
