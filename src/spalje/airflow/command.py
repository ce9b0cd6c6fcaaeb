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

from spalje.airflow.place import Place

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
        """The answer, where the command ended with one of these exit codes; but for 0 only when it gave one.

        An alarm and a refusal have the same exit code, and only the first comes with an answer.

        Raises:
            AirflowRescheduleException: it is not this task's turn yet; no retry is used up.
            AirflowFailException: trying again does not help.
            AirflowException: it failed.

        Example:
            >>> Answer(4, {"retrain": True}).checked((0, 4))
            {'retrain': True}
            >>> Answer(4, None, {"error": "Not yet.", "kind": "Refused"}).checked((0, 4))
            Traceback (most recent call last):
            airflow.sdk.exceptions.AirflowFailException: Not yet.
        """
        if self.code == 0 or (self.code in may and self.said is not None):
            return self.said
        kind = self.error.get("kind", "")
        if kind == "Conflict":
            raise AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=TURN_S))
        raise AirflowFailException(self.words) if kind in _FOR_GOOD else AirflowException(self.words)

    @property
    def words(self) -> str:
        """What went wrong, and what to do about it, for a person."""
        if self.error:
            return " ".join(part for part in (self.error.get("error"), self.error.get("do")) if part)
        if self.code < 0:
            return f"Spaljé was killed by {signal.Signals(-self.code).name}."
        return f"Spaljé ended with exit code {self.code}; the log above says why."


class CommandFailed(AirflowException):
    """A command did not do what it was asked.

    Args:
        said: what went wrong, and what to do.
        kind: the kind of error, as Spaljé calls it; empty: it said nothing.
        code: the exit code.
    """

    def __init__(self, said: str, kind: str, code: int) -> None:
        super().__init__(said)
        self.kind, self.exit_code = kind, code


def call(where: Place, *words: str) -> Any:
    """What a short command answers.

    Raises:
        CommandFailed: it ended with another exit code than 0.
    """
    answered = Child(where.words(*words), where.environ, lambda _: None).wait()
    if answered.code != 0:
        raise CommandFailed(answered.words, answered.error.get("kind", ""), answered.code)
    return answered.said


class Child:
    """A running command, in a session of its own; it ends when this process does, however that dies.

    Args:
        words: the command.
        environ: its variables.
        say: told each line that it says beside its answer.
    """

    def __init__(self, words: Sequence[str], environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._lines = Lines(say)
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
        return answer(process.returncode, out, self._lines.error)

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
            self._lines.take(line)


class Lines:
    """What a command says beside its answer: told as it comes, but for an error that is the last of it.

    Args:
        say: told each line.

    Example:
        >>> lines = Lines(print)
        >>> for line in ("reading", '{"error": "no rows"}', "going on", '{"error": "No.", "kind": "Refused"}'):
        ...     lines.take(line)
        reading
        {"error": "no rows"}
        going on
        >>> lines.error["kind"]
        'Refused'
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._held = ""

    def take(self, line: str) -> None:
        """One more line; an empty one is none."""
        line = line.rstrip("\r\n")
        if not line:
            return
        if self._held:
            self._say(self._held)
        self._held = line if _error(line) else ""
        if not self._held:
            self._say(line)

    @property
    def error(self) -> dict[str, str]:
        """The error that it ended with; empty: none."""
        return _error(self._held)


def answer(code: int, out: str, error: Mapping[str, str]) -> Answer:
    """How a command ended, by what it printed.

    Args:
        code: its exit code.
        out: its standard output.
        error: what it ended with on its standard error.

    Example:
        >>> answer(0, "[1]", {}).said
        [1]
        >>> answer(1, "Traceback", {}).said is None
        True
    """
    with suppress(ValueError):
        return Answer(code, json.loads(out) if out.strip() else None, error)
    return Answer(code, None, error)


def _error(line: str) -> dict[str, str]:
    with suppress(ValueError):
        said = json.loads(line)
        if isinstance(said, dict) and "error" in said:
            return {name: str(value) for name, value in said.items()}
    return {}
