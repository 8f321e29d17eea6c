"""Compilation of the hot loops; the one place that knows numba, typed so that decorated functions keep their types."""

from collections.abc import Callable
from typing import TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def jit(function: Function) -> Function:
    """Compile a function at its first call and keep the result on disk beside the source."""
    compiled: Function = njit(cache=True)(function)
    return compiled


def jit_closure(function: Function) -> Function:
    """Compile a function that closes over others; numba cannot keep those on disk."""
    compiled: Function = njit(function)
    return compiled
