"""Who holds a lease: this very process, named so that others can tell whether it still lives."""

import os
import socket
from pathlib import Path


def this_process() -> str:
    """``host:pid:start``; the start time tells a process from a later one with the same number.

    Example:
        >>> alive(this_process())
        True
    """
    return process(os.getpid())


def process(pid: int) -> str:
    """The same of another process on this machine."""
    return f"{socket.gethostname()}:{pid}:{_start_ticks(pid)}"


def alive(owner: str) -> bool:
    """Whether the process may still run: False only if it was on this machine and is gone.

    Example:
        >>> alive(f"{socket.gethostname()}:1:1"), alive("elsewhere:1:1")
        (False, True)
    """
    host, pid, start = [*owner.rsplit(":", 2), "", ""][:3]
    if host != socket.gethostname() or not pid.isdigit():
        return True
    return _start_ticks(int(pid)) == start


def _start_ticks(pid: int) -> str:
    """Field 22 of /proc/PID/stat: when the process started, in clock ticks since boot.

    "" when it is gone; one that has ended and whose parent has not asked how, is.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _without_proc(pid)
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _without_proc(pid: int) -> str:
    """On systems without /proc: whether the process exists, as "0", or ""."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "0"
    return "0"
