"""Every error a user can meet, in one hierarchy.

An error says what was wrong, which value, what is allowed, and what to do next. The command
line prints it in two lines and leaves with ``exit_code``; nothing else in the package prints.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class SpaljeError(Exception):
    """Something went wrong that a person can act on.

    Args:
        what: one or two sentences: what was wrong, with the value and what is allowed.
        do: what to do next, as an imperative sentence or a command; may be empty.

    Example:
        >>> error = BadInput("Column 'store' is missing.", do="Add it to preprocess.py.")
        >>> str(error), error.do, error.exit_code
        ("Column 'store' is missing.", 'Add it to preprocess.py.', 3)
    """

    exit_code = 1

    def __init__(self, what: str, *, do: str = "") -> None:
        super().__init__(what)
        self.do = do


class UsageError(SpaljeError):
    """The command's words, a name or an option are wrong (exit code 2)."""

    exit_code = 2


class BadInput(SpaljeError):
    """A file, a table, a recipe or a value from outside cannot be used (exit code 3)."""

    exit_code = 3


class Corrupt(BadInput):
    """Stored bytes are not the bytes that were stored: their hash differs (exit code 3)."""


class NotFound(UsageError):
    """A name that nothing answers to; says what there is (exit code 2).

    Example:
        >>> str(NotFound("project", "fresh-prodcue", ["fresh-produce", "dairy"]))
        "There is no project 'fresh-prodcue'. Did you mean 'fresh-produce'? There are: dairy, fresh-produce."
    """

    def __init__(self, noun: str, name: str, known: Iterable[str] = (), *, do: str = "") -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=1)
        text = f"There is no {noun} '{name}'."
        if near:
            text += f" Did you mean '{near[0]}'?"
        text += f" There are: {', '.join(names[:20])}." if names else f" There is no {noun} at all yet."
        super().__init__(text, do=do)


class Refused(SpaljeError):
    """A rule of the registry, of roles or of states forbids this (exit code 4)."""

    exit_code = 4


class Conflict(SpaljeError):
    """Somebody else was first: another run holds the lease, another person decided (exit code 1)."""


class Lost(SpaljeError):
    """Nobody works any more on what somebody waits for (exit code 1)."""


class StepFailed(SpaljeError):
    """A step of a run failed; carries the last lines of its log (exit code 1)."""

    def __init__(self, what: str, *, do: str = "", log: str = "") -> None:
        super().__init__(what, do=do)
        self.log = log
