"""``constraints.toml``: what a good batch looks like, to be read and edited by people."""

import os
import tomllib
from pathlib import Path
from typing import Any

from spalje.errors import BadInput
from spalje.monitor.constraints import Constraints
from spalje.storage.allowed import NotAllowed
from spalje.storage.constraints_form import BATCH, COLUMNS, EVERY, NOTES, of_plain, to_plain
from spalje.storage.toml_text import TomlText, leaves

_HEAD = """\
# What a good batch looks like, as the training data suggests it. Change what you know better:
# when the baseline is made again, your comments and the values you changed stay.
"""


def read(path: Path, suggested: Constraints) -> Constraints:
    """The constraints that a file says; what it leaves out is as suggested, a column it leaves out is not checked.

    Args:
        path: the file.
        suggested: what the training data suggests.

    Raises:
        BadInput: it cannot be read, is not TOML, or says something that is not allowed; says where.
    """
    text = _text(path)
    try:
        return of_plain(tomllib.loads(text), suggested)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not TOML: {error}.", do="Correct it there.") from error
    except NotAllowed as error:
        line = TomlText.of(text).line(error.place)
        where = f"{path}, line {line}" if line else str(path)
        keys = ".".join(error.place) or "the file"
        raise BadInput(f"{where}: {keys} {error}", do="Correct it there.") from error


def write(path: Path, constraints: Constraints, previous_suggestion: Constraints | None = None) -> None:
    """Write constraints; of a file that is there, what a person changed stays.

    Comments and order stay as they are. A value that differs from what was suggested when the file was
    made is a person's; every other is brought up to date. Columns that are new are added, columns that
    are gone are taken out.

    Args:
        path: the file.
        constraints: what the training data suggests now.
        previous_suggestion: what it suggested when the file was made; None: all of the file is a person's.

    Raises:
        BadInput: the file that is there cannot be read or is not TOML.
    """
    new = to_plain(constraints)
    if path.is_file():
        old_text = _text(path)
        try:
            text = _merged(TomlText.of(old_text), new, previous_suggestion)
        except tomllib.TOMLDecodeError as error:
            raise BadInput(
                f"{path} is not TOML: {error}.", do="Correct it there, or remove the file."
            ) from error
    else:
        text = _first(new)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8", newline="")
    aside.replace(path)


def _first(plain: dict[str, Any]) -> str:
    """The text of a new file, with a word about each key."""
    text = TomlText.of(_HEAD)
    for table in (BATCH, EVERY):
        notes = "".join(f"# {key}: {said}\n" for key, said in NOTES[table].items() if key in plain[table])
        text = text.add((table,), plain[table], notes)
    text = TomlText.of(
        text.text
        + "\n# Of each column:\n"
        + "".join(f"# {key}: {said}\n" for key, said in NOTES[COLUMNS].items())
    )
    for name, values in plain[COLUMNS].items():
        text = text.add((COLUMNS, name), values)
    return text.text


def _merged(text: TomlText, new: dict[str, Any], previous: Constraints | None) -> str:
    there = leaves(tomllib.loads(text.text))
    before = leaves(to_plain(previous)) if previous is not None else None
    now = leaves(new)
    columns = {path[1] for path in there if path[0] == COLUMNS and len(path) > 2}
    known = before if before is not None else there
    for name in sorted(columns - new[COLUMNS].keys()):
        if any(path[:2] == (COLUMNS, name) for path in known):
            text = text.remove_table((COLUMNS, name))
            there = {path: value for path, value in there.items() if path[:2] != (COLUMNS, name)}
    for path, value in there.items():
        if before is None or path not in before or before[path] != value:
            continue  # a person's
        if path not in now:
            text = text.remove(path)
        elif now[path] != value:
            text = text.set(path, now[path])
    for table, values in _missing(there, before, now).items():
        if len(table) == 2 and before is not None and table[1] not in columns and _was(before, table):
            continue  # a person struck the column out
        text = text.add(table, values)
    return text.text


def _missing(
    there: dict[tuple[str, ...], Any],
    before: dict[tuple[str, ...], Any] | None,
    now: dict[tuple[str, ...], Any],
) -> dict[tuple[str, ...], dict[str, Any]]:
    """What the file does not say and nobody struck out, by table."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for path, value in now.items():
        struck_out = before is None or path in before
        if path not in there and not (struck_out and _has_table(there, path)):
            found.setdefault(path[:-1], {})[path[-1]] = value
    return found


def _has_table(there: dict[tuple[str, ...], Any], path: tuple[str, ...]) -> bool:
    return any(other[: len(path) - 1] == path[:-1] for other in there)


def _was(before: dict[tuple[str, ...], Any], table: tuple[str, ...]) -> bool:
    return any(path[:2] == table for path in before)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", do="Check the path.") from error
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path} is not UTF-8: {error.reason} at byte {error.start}.", do="Save it as UTF-8."
        ) from error
