"""Slow work under gevent: given to a real thread, so that no other request of the process waits for it."""

from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar

from gevent import get_hub
from gevent.monkey import is_module_patched
from gevent.threadpool import ThreadPool

P = ParamSpec("P")
R = TypeVar("R")


def aside(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What `work` returns. It should catch its own errors: gevent writes the trace of what a thread raises."""
    if is_module_patched("threading"):
        result: R = get_hub().threadpool.apply(work, args, kwargs)
        return result
    return work(*args, **kwargs)


def one_by_one(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The same for what takes much memory: a process does one at a time."""
    if is_module_patched("threading"):
        result: R = _single().apply(work, args, kwargs)
        return result
    return work(*args, **kwargs)


@cache
def _single() -> ThreadPool:
    return ThreadPool(1)
