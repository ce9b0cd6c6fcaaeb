"""Spaljé in another process: one that outlives this one, or one that is waited for."""

import subprocess
import sys
from pathlib import Path

from spalje.lineage.run import Run, Status


def start_detached(words: tuple[str, ...], workspace: Path, log: Path) -> None:
    """Start a command that goes on when this process has ended.

    Args:
        words: the command's, without ``spalje``.
        workspace: the workspace's folder.
        log: what it prints is added to this file.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        subprocess.Popen(
            _command(words, workspace),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd=workspace,
        )


def execute_detached(run: Run, workspace: Path) -> None:
    """Execute a run in a process that outlives this one."""
    start_detached(("run", "execute", run.id), workspace, log_of(run, workspace))


def execute_waiting(run: Run, workspace: Path) -> int:
    """Execute what is left of a run in another process, and wait for its end.

    Returns:
        The process's exit code.
    """
    log = log_of(run, workspace)
    log.parent.mkdir(parents=True, exist_ok=True)
    verb = "execute" if run.status is Status.WAITING else "resume"
    with log.open("ab") as out:
        ended = subprocess.run(
            _command(("run", verb, run.id), workspace),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=workspace,
            check=False,
        )
    return ended.returncode


def log_of(run: Run, workspace: Path) -> Path:
    """Where the process that executes a run prints to."""
    return workspace / "runs" / run.project / run.pipeline / str(run.number) / "runner.log"


def _command(words: tuple[str, ...], workspace: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "spalje", *words, "--workspace", str(workspace)]
