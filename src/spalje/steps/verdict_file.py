"""A verdict artifact's file, read back: a monitor's, or one that a script of the user's wrote."""

import json
from pathlib import Path

from pydantic import ValidationError

from spalje.errors import BadInput, Corrupt
from spalje.monitor.verdict import Outcome, Verdict

#: The file's name.
VERDICT = "verdict.json"


def read_verdict(folder: Path) -> Verdict | None:
    """The verdict in a verdict artifact; None when there is none, which is not ``ok``.

    Raises:
        Corrupt: there is a verdict.json and it is none.
    """
    path = folder / VERDICT
    if not path.is_file():
        return None
    try:
        return Verdict.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Corrupt(f"{path} is not a verdict: {error.errors()[0]['msg']}.") from error


def own_verdict(folder: Path, name: str, *, by: str) -> Verdict:
    """The verdict that a script wrote, checked and written again in full; its monitor is the output's name.

    Args:
        folder: the output.
        name: of the output.
        by: the script.

    Raises:
        BadInput: there is none, or it is none; says what is wrong with it.
    """
    path = folder / VERDICT
    do = (
        'Write {"outcome": "ok", "summary": "…"} to verdict.json; outcome is one of '
        f'{", ".join(Outcome)}; violations is a list of {{"check", "description", "breach"}}.'
    )
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, dict):
            raise BadInput(f"{VERDICT}, written by {by} into '{name}', is no object.", do=do)
        verdict = Verdict.model_validate({**said, "monitor": name})
    except FileNotFoundError:
        there = ", ".join(sorted(entry.name for entry in folder.iterdir()))
        raise BadInput(f"{by} wrote no {VERDICT} into '{name}'; it holds: {there}.", do=do) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"{VERDICT}, written by {by} into '{name}': {place} is {first['input']!r}: {first['msg']}.", do=do
        ) from None
    except ValueError as error:
        raise BadInput(f"{VERDICT}, written by {by} into '{name}', is not JSON: {error}.", do=do) from None
    path.write_text(verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return verdict
