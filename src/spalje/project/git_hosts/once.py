"""Doing what must not be done twice, over a line on which answers can be lost."""

from collections.abc import Callable
from typing import TypeVar

from spalje.errors import Conflict
from spalje.project.git_hosts.failure import Lost
from spalje.project.git_hosts.libraries import check_libraries
from spalje.project.git_hosts.port import Repository

#: So often it is looked and tried.
TRIES = 4

_T = TypeVar("_T")


def once(look: Callable[[], _T | None], make: Callable[[], _T]) -> _T:
    """What is there, or else is made: after a lost answer it is looked again before it is tried again.

    Args:
        look: finds it; None: it is not there.
        make: makes it, and raises ``Lost`` when it does not know whether it did.

    Raises:
        Lost: the answers of all tries were lost, and nothing is there.
    """
    check_libraries()
    import stamina  # noqa: PLC0415  belongs to the extra 'hosts'

    for attempt in stamina.retry_context(on=Lost, attempts=TRIES, wait_initial=0.5, wait_max=10.0):
        with attempt:
            found = look()
            return make() if found is None else found
    raise AssertionError("stamina tries at least once")  # pragma: no cover


def create_once(
    description: str, look: Callable[[], Repository | None], make: Callable[[], Repository | None]
) -> Repository:
    """Make a repository that is not there; one that is there is not ours, unless an answer was lost on the way.

    Args:
        description: what it shall say of itself: by this ours is known.
        look: finds it.
        make: makes it; None: the host says that there is one.

    Raises:
        Conflict: there is one that is not ours.
        Lost: see ``once``.
    """
    there = look()
    if there is not None:
        raise _taken(there.page)
    tried = False

    def ours() -> Repository | None:
        found = look() if tried else None
        if found is not None and found.description.split() != description.split():
            raise _taken(found.page)
        return found

    def made() -> Repository:
        nonlocal tried
        again, tried = tried, True
        repository = make()
        if repository is None and again:
            repository = ours()
        if repository is None:
            raise _taken()
        return repository

    return once(ours, made)


def _taken(page: str = "") -> Conflict:
    place = f": {page}" if page else ""
    return Conflict(
        f"There is already a repository of that name{place}.",
        do="Choose another name; what is there is never overwritten.",
    )
