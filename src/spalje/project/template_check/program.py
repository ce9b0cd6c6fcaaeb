"""Programs that a check runs: in a Python of the user's, for a limited time, and what they said."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spalje.model.group import Group
from spalje.model.program import Program, Python

#: So much of the end of each output is kept for a person, characters.
_LAST = 2000


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended, and what it said.

    Attributes:
        code: its exit code; below zero: the signal that ended it.
        out: what it said on standard output.
        log: the last of what it said on both outputs.
    """

    code: int
    out: str
    log: str


def run(
    python: Python,
    words: Sequence[str],
    folder: Path,
    *,
    timeout_s: float,
    environ: Mapping[str, str] | None = None,
) -> Said:
    """Run a program to its end; whatever it started ends with it.

    Args:
        python: runs it.
        words: what follows ``python``.
        folder: where it is run.
        timeout_s: seconds of wall time after which it is stopped; its code is 1 then.
        environ: variables beside those of ``python``.
    """
    program = Program(tuple(words), folder, environ or {})
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with python.command(program) as command:
            how = Group(command, stdout=out, stderr=err, timeout_s=timeout_s).wait()
        out.seek(0)
        err.seek(0)
        said, wrong = (file.read().decode(errors="replace") for file in (out, err))
    late = f"\nIt took longer than {timeout_s:g} s." if how.timed_out else ""
    return Said(1 if how.timed_out else how.code, said, f"{said[-_LAST:]}\n{wrong[-_LAST:]}{late}".strip())
