"""What was new in a template between two versions, from its ``CHANGELOG.md``."""

import re

from spalje.project.template.card import in_order, is_version

#: A heading such as ``## 1.2.0``, ``## [1.2.0] - 2026-01-31`` or ``## v1.2.0 (soon)``.
_HEADING = re.compile(r"^##\s+\[?v?([0-9][0-9A-Za-z.-]*)\]?(?:[\s(:].*)?$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_LONGEST = 12_000

#: Words by which hosts are told not to run CI; they must not slip from a changelog into a commit's message.
_SKIP = re.compile(r"\[((?:skip[ -](?:ci|actions))|(?:(?:ci|actions)[ -]skip)|no ci)\]", re.IGNORECASE)


def between(changelog: str, after: str, upto: str) -> tuple[tuple[str, str], ...]:
    r"""The versions after one and up to another, newest first, and what was new in each.

    Args:
        changelog: Markdown with a heading ``## VERSION`` for each version.
        after: the version that is there.
        upto: the version that comes.

    Example:
        >>> between("# Changes\n\n## 1.2.0\n\n- faster\n\n## 1.1.0\n\n- safer\n", "1.0.0", "1.2.0")
        (('1.2.0', '- faster'), ('1.1.0', '- safer'))
    """
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    fenced = False
    for line in changelog.splitlines():
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if not fenced and line.startswith("## "):
            lines = []
        if heading and is_version(heading[1]):
            lines = found.setdefault(heading[1], [])
        else:
            lines.append(line)
    wanted = [version for version in found if in_order(after) < in_order(version) <= in_order(upto)]
    newest = sorted(wanted, key=in_order, reverse=True)
    return tuple((version, "\n".join(found[version]).strip()) for version in newest)


def excerpt(changelog: str, after: str, upto: str, *, level: int) -> str:
    r"""The same as Markdown with headings of a level, at most some pages; empty: it does not say.

    Example:
        >>> print(excerpt("## 1.1.0\n### Added\n- a task, see [skip ci]\n", "1.0.0", "1.1.0", level=3))
        ### 1.1.0
        <BLANKLINE>
        #### Added
        - a task, see (skip ci)
    """
    parts = []
    for version, text in between(changelog, after, upto):
        deeper = re.sub(
            r"^(#{3,5}) ", lambda found: "#" * (level - 2) + found[1] + " ", text, flags=re.MULTILINE
        )
        parts.append(f"{'#' * level} {version}\n\n{deeper}".rstrip())
    whole = quiet("\n\n".join(parts))
    if len(whole) <= _LONGEST:
        return whole
    return whole[:_LONGEST].rpartition("\n")[0] + "\n\n… (the template's CHANGELOG.md says more)"


def quiet(text: str) -> str:
    """A text that does not keep a host from running CI.

    Example:
        >>> quiet("never write [CI skip] again")
        'never write (CI skip) again'
    """
    return _SKIP.sub(r"(\1)", text)
