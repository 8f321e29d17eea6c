"""The versions of the libraries that a model's numbers depend on, for manifests and reports."""

from importlib.metadata import version

LIBRARIES = ("lightgbm", "numpy", "scikit-learn", "scipy", "skops")


def library_versions() -> dict[str, str]:
    """Return version by library.

    >>> sorted(library_versions())
    ['lightgbm', 'numpy', 'scikit-learn', 'scipy', 'skops']
    """
    return {name: version(name) for name in LIBRARIES}
