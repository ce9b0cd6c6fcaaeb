"""Names and values from data as text that can be shown anywhere: on one line, of bounded length."""

from unicodedata import bidirectional, category, east_asian_width

#: Characters that join others and cannot be seen, without which some scripts cannot be written.
JOINERS = "\u200c\u200d"
#: Text between these does not change the direction of what stands around it (Unicode UAX 9).
ISOLATE, END = "\u2068", "\u2069"


def label(text: str, limit: int = 60) -> str:
    r"""Text from data on one line, at most ``limit`` columns of a terminal wide.

    What cannot be seen (line breaks, marks that turn the direction of writing, halves of characters)
    is written out, what is too long is cut in the middle, and nothing but spaces stands in quotes.

    Args:
        text: a column's name or one of its values.
        limit: columns, at least 3.

    Example:
        >>> label("a\nb"), label("\u202eevil"), label(""), label("x" * 10_000, 9)
        ('a\\nb', '\\u202eevil', '""', 'xxxxxx…xx')
    """
    # what is left out is not looked at: names may be very long
    written = "".join(_written(char) for char in text[: 2 * limit])
    if not text.strip():
        return f'"{_cut(written, "", limit - 2)}"'
    if len(text) <= 2 * limit and width(written) <= limit:
        return written
    tail = "".join(_written(char) for char in text[-limit:])
    return _cut(written, tail, limit)


def sentence(text: str, limit: int = 400) -> str:
    """A sentence that names and values from data stand in, cut at the end when it is too long."""
    written = "".join(_written(char) for char in text[: limit + 1])
    return written if len(written) <= limit else written[: limit - 1] + "…"


def isolated(shown: str) -> str:
    """Text that does not change the direction of what stands around it, for where ``<bdi>`` cannot be.

    Example:
        >>> isolated("store"), len(isolated("חנות"))
        ('store', 6)
    """
    turns = any(bidirectional(char) in ("R", "AL", "AN") for char in shown)
    return f"{ISOLATE}{shown}{END}" if turns else shown


def width(shown: str) -> int:
    """Columns of a terminal that text takes, about: wide characters take two, marks on others none."""
    return sum(_columns(char) for char in shown)


def _columns(char: str) -> int:
    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def _written(char: str) -> str:
    if char == " " or char in JOINERS or category(char)[0] not in "CZ":
        return char
    return char.encode("unicode_escape").decode("ascii")


def _cut(head: str, tail: str, limit: int) -> str:
    """The beginning of one text and the end of another with an ellipsis between, ``limit`` wide."""
    if not tail and width(head) <= limit:
        return head
    behind = (limit - 1) // 3 if tail else 0
    return _fitting(head, limit - 1 - behind) + "…" + _fitting(tail[::-1], behind)[::-1]


def _fitting(text: str, limit: int) -> str:
    taken = 0
    for place, char in enumerate(text):
        taken += _columns(char)
        # marks take no room, so they are counted as well: a name may be nothing but marks
        if taken > limit or place >= 4 * limit:
            return text[:place]
    return text
