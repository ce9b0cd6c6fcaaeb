"""A small process that outlives us by a moment: it ends what we started, however we die."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

#: Where every POSIX system has a shell.
_SHELL = "/bin/sh"

#: Learn the group, then wait for a word: none comes when whoever holds the other end of the pipe is gone.
_WATCH = """
read -r group || exit 0
read -r dismissed && exit 0
kill -s KILL -- "-$group"
[ $# -eq 0 ] || exec "$@"
"""

#: Seconds that ending what we started may take; then nobody waits for it any more.
_PATIENCE_S = 30.0


class Sentinel:
    """Ends a process group, and what does not end with it, as soon as this process is gone or says so.

    It waits for the end of a pipe whose other end this process alone holds. A process that is killed
    with SIGKILL can do nothing any more; its end of the pipe is closed all the same.

    Args:
        stop: a command, as words, that ends what does not end with the group; none: nothing is left to do.
        environ: all variables of that command.

    Raises:
        OSError: it could not be started.
    """

    def __init__(self, stop: Sequence[str], environ: Mapping[str, str]) -> None:
        there, here = os.pipe()
        self._pipe = os.fdopen(here, "wb", buffering=0)
        with os.fdopen(there, "rb", buffering=0) as waits:
            self._process = subprocess.Popen(
                [_SHELL, "-c", _WATCH, "spalje-sentinel", *stop],
                cwd="/",
                env=dict(environ),
                stdin=waits,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def watch(self, group: int) -> None:
        """Begin with the group of this number."""
        self._say(f"{group}\n")

    def dismiss(self) -> None:
        """Let it go: the group has ended by itself."""
        self._say("over\n")
        self._pipe.close()
        self._process.wait()  # without a limit, which would have Python look again and again

    def act(self) -> None:
        """Have it end what is left, now, and wait for that; one that was dismissed, or has acted, does nothing."""
        self._pipe.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _say(self, word: str) -> None:
        with suppress(BrokenPipeError, ValueError):  # somebody killed it, or it has acted
            self._pipe.write(word.encode("ascii"))
