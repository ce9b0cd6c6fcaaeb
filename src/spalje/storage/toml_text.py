"""The text of a TOML file, in which single values are changed and all else stays as a person wrote it."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import tomlkit

#: The keys that lead to a value, from the top.
Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """Some lines of the text: a header, a key with its value, or lines that say nothing.

    Attributes:
        text: the lines, with their ends.
        line: number of the first, from 1; 0 for what was not in the file.
        table: the keys of the header that it is under, or that it is.
        values: path -> value of what it says, from the top; none for a header and for other lines.
        header: whether it is one.
    """

    text: str
    line: int
    table: Path
    values: Mapping[Path, Any]
    header: bool = False


@dataclass(frozen=True, slots=True)
class TomlText:
    r"""A text that ``tomllib`` can read, taken apart into its statements.

    Example:
        >>> text = TomlText.of("[a]\nx = 1  # one\n\n# about b\n[b]\n")
        >>> print(text.set(("a", "x"), 2).add(("a",), {"y": "z"}).text)
        [a]
        x = 2  # one
        y = "z"
        <BLANKLINE>
        # about b
        [b]
        <BLANKLINE>
    """

    statements: tuple[Statement, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Take a text apart.

        Raises:
            tomllib.TOMLDecodeError: it is not TOML.
        """
        tomllib.loads(text)
        return cls(tuple(_statements(text)))

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(statement.text for statement in self.statements)

    def line(self, path: Path) -> int | None:
        """The number of the line that says a value, or else of the header nearest to it; None without."""
        for length in range(len(path), 0, -1):
            for statement in self.statements:
                if path[:length] in _said(statement):
                    return statement.line
        return None

    def set(self, path: Path, value: Any) -> Self:
        """With another value, which must be there, in the place of the old one; its comment stays."""
        place = next(i for i, statement in enumerate(self.statements) if path in statement.values)
        return self._with(place, _changed(self.statements[place], path, value))

    def remove(self, path: Path) -> Self:
        """Without a value, which must be there."""
        place = next(i for i, statement in enumerate(self.statements) if path in statement.values)
        statement = self.statements[place]
        return self._with(place, None if len(statement.values) == 1 else _changed(statement, path, None))

    def remove_table(self, table: Path) -> Self:
        """Without a table's values and its header; comments stay where they are."""
        kept = [
            statement
            for statement in self.statements
            if not (
                (statement.table[: len(table)] == table and statement.header)
                or (statement.values and all(path[: len(table)] == table for path in statement.values))
            )
        ]
        return replace(self, statements=tuple(kept))

    def add(self, table: Path, values: Mapping[str, Any], before: str = "") -> Self:
        """With more values: behind those that a table has, or in a new one at the end.

        Args:
            table: the table's keys.
            values: key -> value, those that the table does not have.
            before: lines to be written above a new table.
        """
        places = [
            i
            for i, statement in enumerate(self.statements)
            if statement.table == table and (statement.header or statement.values)
        ]
        end = "\r\n" if "\r\n" in self.text else "\n"
        lines = "".join(f"{_key(key)} = {literal(value)}{end}" for key, value in values.items())
        if places:
            after = self.statements[places[-1]]
            added = [replace(after, text=_ended(after.text, end)), *_statements(lines, table)]
            return replace(
                self,
                statements=(*self.statements[: places[-1]], *added, *self.statements[places[-1] + 1 :]),
            )
        inside = next(
            (i for i, one in enumerate(self.statements) if any(path[:-1] == table for path in one.values)),
            None,
        )
        if inside is not None:
            statement = self.statements[inside]
            for key, value in values.items():
                statement = _changed(statement, (*table, key), value)
            return self._with(inside, statement)
        head = f"[{'.'.join(_key(key) for key in table)}]{end}"
        whole = _ended(self.text, end)
        blank = end if whole.strip() and not whole.endswith(end * 2) else ""
        return type(self).of(whole + blank + before + head + lines)

    def _with(self, place: int, statement: Statement | None) -> Self:
        new = () if statement is None else (statement,)
        return replace(self, statements=(*self.statements[:place], *new, *self.statements[place + 1 :]))


def literal(value: Any) -> str:
    """A value as TOML writes it; long lists one item a line.

    Example:
        >>> literal("a"), literal(0.5), literal([1, 2]), literal(False)
        ('"a"', '0.5', '[1, 2]', 'false')
    """
    item = tomlkit.item(value)
    if isinstance(value, list) and len(item.as_string()) > 90:
        item.multiline(multiline=True)
    return str(item.as_string())


def leaves(plain: Mapping[str, Any], above: Path = ()) -> dict[Path, Any]:
    """Path -> value of everything in some tables that is not a table.

    Example:
        >>> leaves({"a": {"b": 1, "c": {}}})
        {('a', 'b'): 1}
    """
    found: dict[Path, Any] = {}
    for key, value in plain.items():
        found |= leaves(value, (*above, key)) if isinstance(value, dict) else {(*above, key): value}
    return found


def _statements(text: str, table: Path = ()) -> Iterator[Statement]:
    lines = text.split("\n")
    lines = (
        [*(f"{line}\n" for line in lines[:-1]), *lines[-1:]]
        if lines[-1]
        else [f"{line}\n" for line in lines[:-1]]
    )
    number = 0
    while number < len(lines):
        line, first = lines[number], number + 1
        number += 1
        if not line.strip(" \t\r\n") or line.lstrip(" \t").startswith("#"):
            yield Statement(line, first, table, {})
        elif line.lstrip(" \t").startswith("["):
            table = _header(tomllib.loads(line))
            yield Statement(line, first, table, {}, header=True)
        else:
            said = _parsed(line)
            while said is None and number < len(lines):
                line += lines[number]
                # only a line with an end of a list, table or text can be the last one
                said = _parsed(line) if any(end in lines[number] for end in _ENDS) else None
                number += 1
            yield Statement(line, first, table, leaves(said or {}, table))


#: What a value that goes over several lines can end with.
_ENDS = ("]", "}", '"""', "'''")


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _header(plain: Mapping[str, Any]) -> Path:
    path: list[str] = []
    inner: Any = plain
    while inner:
        inner = inner[0] if isinstance(inner, list) else inner
        if inner:
            path.extend(inner)
            inner = next(iter(inner.values()))
    return tuple(path)


def _said(statement: Statement) -> Sequence[Path]:
    if statement.header:
        return [statement.table]
    return [
        path[:length]
        for path in statement.values
        for length in range(len(statement.table) + 1, len(path) + 1)
    ]


def _changed(statement: Statement, path: Path, value: Any) -> Statement:
    """With another value, or a further one; None takes it out."""
    document = tomlkit.parse(statement.text)
    inner: Any = document
    *above, last = path[len(statement.table) :]
    for key in above:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        item: Any = tomlkit.item(value)
        if isinstance(value, list) and len(item.as_string()) > 90:
            item.multiline(multiline=True)
        inner[last] = item
    text = tomlkit.dumps(document)
    return replace(statement, text=text, values=leaves(tomllib.loads(text), statement.table))


def _key(key: str) -> str:
    return str(tomlkit.key(key).as_string())


def _ended(text: str, end: str) -> str:
    return text if not text or text.endswith("\n") else text + end
