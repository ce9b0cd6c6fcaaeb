"""Whether a process has ended: one that was killed is gone a moment later, not at once."""

import time
from pathlib import Path


def ended(pid: int, within_s: float = 10) -> bool:
    """Whether a process is gone, or only waits for whoever inherited it, before so much time has passed."""
    until = time.monotonic() + within_s
    while _runs(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
