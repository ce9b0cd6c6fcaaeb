"""The ``git`` program: the one place that runs it.

Every call has a list of arguments, an environment without ``GIT_…`` variables of others, a time
limit, and settings that keep what a repository holds from being run: no hooks, no file-system
monitor, no protocols but files, SSH and HTTPS, no prompts.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from spalje.errors import BadInput

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "gc.auto=0",
    "protocol.allow=never",
    "protocol.file.allow=always",
    "protocol.ssh.allow=always",
    "protocol.https.allow=always",
)


def call(
    folder: Path, *words: str, environ: Mapping[str, str] | None = None, allowed: tuple[int, ...] = (0,)
) -> tuple[int, bytes]:
    """Call Git's plumbing in a repository.

    Args:
        folder: the repository.
        words: what to do.
        environ: variables for Git.
        allowed: exit codes that are answers.

    Returns:
        The exit code, and what Git said.

    Raises:
        BadInput: Git could not.
    """
    done = run(words, folder=folder, environ=environ)
    if done.returncode not in allowed:
        raise _failed(words, folder, done)
    return done.returncode, done.stdout


def git(
    *words: str,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    stdout: int = subprocess.PIPE,
    stdin: bytes | None = None,
    timeout_s: float = 300.0,
) -> bytes:
    """What ``git`` said.

    Args:
        words: what to do.
        folder: the repository; None: none.
        environ: variables for Git.
        stdout: where what it says goes instead.
        stdin: what it is given to read.
        timeout_s: seconds of wall time after which it is stopped.

    Raises:
        BadInput: it failed; in its words.
    """
    done = run(words, folder=folder, environ=environ, stdout=stdout, stdin=stdin, timeout_s=timeout_s)
    if done.returncode != 0:
        raise _failed(words, folder, done)
    return done.stdout or b""


def _failed(
    words: tuple[str, ...], folder: Path | None, done: "subprocess.CompletedProcess[bytes]"
) -> BadInput:
    text = (done.stderr or done.stdout or b"").decode(errors="replace").strip()
    said = text.splitlines() or [f"it ended with code {done.returncode}"]
    reason = next((line for line in said if line.startswith(("fatal:", "error:"))), said[-1])
    place = f" in {folder}" if folder else ""
    return BadInput(f"`git {words[0]}`{place} failed: {reason}")


def run(
    words: tuple[str, ...],
    *,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    stdout: int = subprocess.PIPE,
    stdin: bytes | None = None,
    timeout_s: float = 300.0,
) -> "subprocess.CompletedProcess[bytes]":
    """How ``git`` ended; see ``git``, which takes the same.

    Raises:
        BadInput: there is no such program, it cannot be given these words, or it took too long.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(environ or {})}
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    place = ["-C", str(folder)] if folder else []
    try:
        return subprocess.run(
            ["git", *settings, *place, *words],
            env=clean,
            input=stdin if stdin is not None else b"",
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise BadInput("There is no program `git` on the PATH.", do="Install Git 2.38 or newer.") from error
    except ValueError as error:
        raise BadInput(f"`git {words[0]}` cannot be given {words[1:]!r}: {error}.") from error
    except subprocess.TimeoutExpired as error:
        raise BadInput(
            f"`git {words[0]}` took longer than {timeout_s:g} s.",
            do="Look whether the repository can be reached.",
        ) from error
