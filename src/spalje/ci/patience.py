"""Waiting for what others hold for moments: a lease, or the database."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from spalje.errors import Conflict
from spalje.execution.lease import Heartbeat
from spalje.lineage.lease import Lease

_T = TypeVar("_T")


def insist(action: Callable[[], _T], seconds: float) -> _T:
    """Do what must not be left undone because others kept the database busy.

    Args:
        action: a transaction, or several that may be repeated.
        seconds: how long it is tried at least.

    Raises:
        Conflict: it was still busy then.
    """
    last = time.monotonic() + seconds
    while True:
        try:
            return action()
        except Conflict:
            if time.monotonic() > last:
                raise
            time.sleep(0.2)


@contextmanager
def hold_patiently(heartbeat: Heartbeat, name: str, seconds: float) -> Iterator[Lease]:
    """Hold a lease for the length of the block, waiting until it is free.

    Args:
        heartbeat: holds it.
        name: the lease's.
        seconds: how long is waited at most.

    Raises:
        Conflict: somebody alive still held it then.
    """
    last = time.monotonic() + seconds
    with ExitStack() as held:
        lease = None
        while lease is None:
            try:
                lease = held.enter_context(heartbeat.hold(name))
            except Conflict:
                if time.monotonic() > last:
                    raise
                time.sleep(0.05)
        yield lease


def is_free(heartbeat: Heartbeat, name: str) -> bool:
    """Whether nobody alive holds a lease at this moment."""
    try:
        with heartbeat.hold(name):
            return True
    except Conflict:
        return False
