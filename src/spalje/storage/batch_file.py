"""What the file of a checked batch is called."""

import re

from spalje.errors import UsageError

#: What a batch may be called: its name is a file's name.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}")
#: How the files' names end.
ENDING = ".batch.json"
#: What a check step leaves of its batch, beside its verdict.
CHECKED = f"checked{ENDING}"


def checked_name(name: str) -> str:
    """A batch's name.

    Raises:
        UsageError: it cannot be a file's name everywhere.

    Example:
        >>> checked_name("2017-11-06")
        '2017-11-06'
    """
    if NAME.fullmatch(name):
        return name
    raise UsageError(
        f"A batch cannot be called {name!r}.",
        do="Use letters, digits, '_', '-', '+' and '.', at most 128 of them: --name 2017-11-06.",
    )
