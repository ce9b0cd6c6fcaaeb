"""A command that ends with whoever started it, and shows what its steps log while it goes on."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spalje.execution.event import Event, Listener, ignore

#: Seconds that a step that was asked to stop has for it.
_GRACE_S = 10.0
_LOOK_S = 0.2


@contextmanager
def attached(wanted: bool) -> Iterator[None]:
    """Stop, as by Ctrl-C, when standard input closes or when the process is asked to end.

    Whoever holds the other end of a pipe thereby takes this process along, however it dies.

    Args:
        wanted: False: nothing is done.
    """
    if not wanted:
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    over = threading.Event()
    threading.Thread(target=_until_closed, args=(over,), name="attached", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.signal(signal.SIGTERM, before)


def _until_closed(over: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    if not over.is_set():
        os.kill(os.getpid(), signal.SIGINT)
        if not over.wait(_GRACE_S):
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def logged(
    wanted: bool,
    folder: Path,
    step: str | None = None,
    *,
    whole: bool = False,
) -> Iterator[Listener]:
    """Print the logs of a run's steps to standard error as they grow.

    Args:
        wanted: False: nothing is printed.
        folder: where the run's logs are.
        step: only this step's log; None: those of all steps, each line with its step.
        whole: print what they hold already, too.

    Yields:
        A listener that prints what happens beside the logs.
    """
    if not wanted:
        yield ignore
        return
    tail = LogTail(folder, step, _print, whole=whole)
    over = threading.Event()

    def follow() -> None:
        while not over.wait(_LOOK_S):
            tail.look()

    follower = threading.Thread(target=follow, name="log", daemon=True)
    follower.start()
    try:
        yield _heard
    finally:
        over.set()
        follower.join()
        tail.look(last=True)


class LogTail:
    """What is added to the logs of a run's steps.

    Args:
        folder: where the logs are, a file ``STEP.log`` each.
        step: only this step's.
        say: told each line.
        whole: begin at the beginning.
    """

    def __init__(self, folder: Path, step: str | None, say: Callable[[str], None], *, whole: bool) -> None:
        self._folder, self._step, self._say = folder, step, say
        self._at = {} if whole else {path: path.stat().st_size for path in self._paths()}

    def look(self, *, last: bool = False) -> None:
        """Tell the whole lines that came; at last, also one that has no end."""
        for path in self._paths():
            with path.open("rb") as log:
                log.seek(self._at.get(path, 0))
                new = log.read()
            whole = len(new) if last else new.rfind(b"\n") + 1
            self._at[path] = self._at.get(path, 0) + whole
            for line in new[:whole].decode(errors="replace").splitlines():
                self._say(line if self._step else f"[{path.stem}] {line}")

    def _paths(self) -> list[Path]:
        paths = [self._folder / f"{self._step}.log"] if self._step else sorted(self._folder.glob("*.log"))
        return [path for path in paths if path.is_file() and path.name != "runner.log"]


def _heard(event: Event) -> None:
    text = event.text.partition("\n")[0]
    _print(f"{event.step}: {text if event.what == 'said' else f'{event.what} {text}'.rstrip()}")


def _print(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
