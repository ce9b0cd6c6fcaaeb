"""Programs that a check runs: in a Python of the user's, with variables that are named, for a limited time."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        code: its exit code; below zero: the signal that ended it.
        out: what it said on standard output.
        log: the last of what it said on both outputs.
    """

    code: int
    out: str
    log: str


@dataclass(frozen=True, slots=True)
class Python:
    """The Python that programs are run in.

    Attributes:
        interpreter: the words that start it.
        environ: the variables a program starts with; nothing else of ours is seen.
    """

    interpreter: tuple[str, ...]
    environ: Mapping[str, str]

    def run(
        self,
        words: Sequence[str],
        folder: Path,
        *,
        timeout_s: float,
        environ: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run a program to its end; whatever it started ends with it.

        Args:
            words: what follows the interpreter.
            folder: where it is run.
            timeout_s: seconds of wall time after which it is stopped.
            environ: further variables.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                [*self.interpreter, *words],
                cwd=folder,
                env={**self.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            late = ""
            try:
                code = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                code, late = 1, f"\nIt took longer than {timeout_s:g} s."
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            out.seek(0)
            err.seek(0)
            said = out.read().decode(errors="replace")
            wrong = err.read().decode(errors="replace")
        return Ended(code, said, f"{said[-2000:]}\n{wrong[-2000:]}{late}".strip())
