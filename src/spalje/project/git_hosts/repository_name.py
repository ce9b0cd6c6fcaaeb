"""What a repository may be called: on every host, and before anything is asked."""

import re

from spalje.errors import BadInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_repository(name: str) -> str:
    """The name, if it may be one.

    Raises:
        BadInput: it may not: signs that a path or an address would take for something else.

    Example:
        >>> check_repository("fresh-produce-build")
        'fresh-produce-build'
        >>> check_repository("../etc")
        Traceback (most recent call last):
        ...
        spalje.errors.BadInput: A repository cannot be called '../etc'.
    """
    lower = name.lower()
    if not _NAME.fullmatch(name) or ".." in name or lower.endswith((".git", ".lock", ".wiki", ".", ".atom")):
        raise BadInput(
            f"A repository cannot be called {name!r}.",
            do="Use letters, digits, '-', '_' and '.', 100 at most, and no ending that Git or hosts use themselves.",
        )
    return name
