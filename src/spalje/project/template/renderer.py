"""The process that renders templates, started once and asked many times."""

import atexit
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from spalje.errors import BadInput

#: Variables of ours that a trusted template's programs may see.
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rendering may use.

    Attributes:
        seconds: of wall time.
        memory_bytes: of address space.
        file_bytes: of each file.
        tree_bytes: of all files.
    """

    seconds: float = 20.0
    memory_bytes: int = 1 << 30
    file_bytes: int = 20 << 20
    tree_bytes: int = 100 << 20


#: A trusted template's programs may fetch something.
TRUSTED = Limits(seconds=300.0)


class Renderer:
    """Asks the program ``render_program`` beside this module: started at the first question, and again if it dies.

    It sees nothing of this process's variables: a template must not be able to write a secret into a repository.
    """

    def __init__(self, *, trusted: bool) -> None:
        self._trusted = trusted
        self._alone = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, job: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
        """Render; what the program said.

        Raises:
            BadInput: it did not answer.
        """
        line = json.dumps({**job, **asdict(limits), "trusted": self._trusted}).encode() + b"\n"
        with self._alone:
            for _ in (1, 2):  # a program that somebody ended since the last question is started again
                process = self._started()
                said = _said(process, line, limits.seconds + 10)
                if said:
                    told: dict[str, Any] = json.loads(said)
                    return told
                self._end()
        raise BadInput(
            "The program that renders templates ended without an answer.",
            do=f"Try it by itself: {sys.executable} -P -m spalje.project.template.render_program",
        )

    def close(self) -> None:
        """End the program."""
        with self._alone:
            self._end()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "spalje.project.template.render_program"],
                cwd="/",
                env=self._environ(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        return self._process

    def _environ(self) -> dict[str, str]:
        own = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "TZ": "UTC"}
        for name in ("PYTHONPATH", "PYTHONHOME"):
            if name in os.environ:
                own[name] = os.environ[name]
        if self._trusted:
            return {**{name: os.environ[name] for name in _PASSED_ON if name in os.environ}, **own}
        return {"PATH": "/nonexistent", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", **own}

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue


def _said(process: "subprocess.Popen[bytes]", line: bytes, timeout_s: float) -> bytes:
    """The line that answers a line; empty: none came."""
    if process.stdin is None or process.stdout is None:
        return b""
    try:
        process.stdin.write(line)
        process.stdin.flush()
    except OSError:
        return b""
    said = b""
    while not said.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], timeout_s)
        part = os.read(process.stdout.fileno(), 65536) if ready else b""
        if not part:
            return b""
        said += part
    return said


@cache
def renderer(process: int, *, trusted: bool) -> Renderer:  # noqa: ARG001
    """The renderer of a process.

    Args:
        process: the process's number: one that was forked does not share its parent's.
        trusted: whether it is for templates that may run programs.
    """
    made = Renderer(trusted=trusted)
    atexit.register(made.close)
    return made
