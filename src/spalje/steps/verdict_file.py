"""A verdict artifact's file, read back."""

from pathlib import Path

from pydantic import ValidationError

from spalje.errors import Corrupt
from spalje.monitor.verdict import Verdict

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
