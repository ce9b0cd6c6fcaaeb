"""A command of Spaljé's, run as a child: what it says goes on as it comes, what it answers is JSON."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowRescheduleException

#: Seconds that a command that is asked to stop has for it.
GRACE_S = 12.0
#: Seconds after which a task whose turn it is not yet asks again.
TURN_S = 15.0
#: What trying again does not mend: the words are wrong, there is no such thing, it is refused.
_FOR_GOOD = frozenset({"UsageError", "NotFound", "Refused", "DoesNotCompile"})


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended.

    Attributes:
        code: its exit code; negative: the signal that killed it.
        said: its answer; None when it gave none.
        error: what it says went wrong, with ``error``, ``do``, ``log`` and ``kind``; empty when nothing did.
    """

    code: int
    said: Any = None
    error: Mapping[str, str] = field(default_factory=dict)

    def checked(self, may: Sequence[int] = (0,)) -> Any:
        """The answer, where the command ended with one of these exit codes.

        Raises:
            AirflowRescheduleException: it is not this task's turn yet; no retry is used up.
            AirflowFailException: trying again does not help.
            AirflowException: it failed.
        """
        if self.code in may:
            return self.said
        kind = self.error.get("kind", "")
        if kind == "Conflict":
            raise AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=TURN_S))
        words = " ".join(part for part in (self.error.get("error"), self.error.get("do")) if part)
        said = words or (
            f"Spaljé was killed by {signal.Signals(-self.code).name}."
            if self.code < 0
            else f"Spaljé ended with exit code {self.code}; the log above says why."
        )
        raise AirflowFailException(said) if kind in _FOR_GOOD else AirflowException(said)


class Child:
    """A running command, in a session of its own; it ends when this process does, however that dies.

    Args:
        words: the command.
        environ: its variables.
        say: told each line that it says beside its answer.
    """

    def __init__(self, words: Sequence[str], environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._say = say
        self._last = ""
        self._process = subprocess.Popen(
            words,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def wait(self) -> Answer:
        """Wait for its end."""
        with self._process as process:
            listener = threading.Thread(target=self._listen, name="spalje", daemon=True)
            listener.start()
            out = process.stdout.read() if process.stdout else ""
            process.wait()
            listener.join()
        return answer(process.returncode, out, self._last)

    def kill(self) -> None:
        """Ask it to stop, as by Ctrl-C, so that it takes along what it started; then end it."""
        if self._process.poll() is None:
            self._signal(signal.SIGINT)
            try:
                self._process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _listen(self) -> None:
        for line in self._process.stderr or ():
            if self._last:
                self._say(self._last)
            self._last = line.rstrip("\n")
        if self._last and not _error(self._last):
            self._say(self._last)


def answer(code: int, out: str, last: str) -> Answer:
    """How a command ended, by what it printed.

    Args:
        code: its exit code.
        out: its standard output.
        last: the last line of its standard error.

    Example:
        >>> answer(1, "", '{"error": "No.", "do": "", "log": "", "kind": "Refused"}').error["kind"]
        'Refused'
        >>> answer(0, "[1]", "").said
        [1]
    """
    with suppress(ValueError):
        return Answer(code, json.loads(out) if out.strip() else None, _error(last))
    return Answer(code, None, _error(last))


def _error(line: str) -> dict[str, str]:
    with suppress(ValueError):
        said = json.loads(line)
        if isinstance(said, dict) and "error" in said:
            return {name: str(value) for name, value in said.items()}
    return {}
