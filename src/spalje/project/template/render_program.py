"""A program that renders templates: each in a process of its own, with limits on time, memory and disk.

It reads a job a line on standard input, as JSON, and answers each with a line. Copier is loaded once; for each job the
program forks, so that a template that never ends or fills the disk is stopped and the next job finds nothing changed::

    python -P -m spalje.project.template.render_program
"""

import contextlib
import errno
import json
import os
import random
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any

from copier import Settings, run_copy
from copier.errors import CopierError
from jinja2 import TemplateError, TemplateSyntaxError
from jinja2.defaults import DEFAULT_POLICIES
from jinja2_ansible_filters import core_filters  # type: ignore[import-untyped]

#: The longest answer of a rendering, bytes.
_LONGEST = 5_000_000
#: How often the size of what was written is looked at, seconds.
_LOOK_S = 0.25


def answer(job: Mapping[str, Any]) -> dict[str, Any]:
    """Do a job in a process of its own.

    Args:
        job: ``template``, ``folder``, ``data`` for Copier; ``trusted``; the limits ``seconds``, ``memory_bytes``,
            ``file_bytes``, ``tree_bytes``.

    Returns:
        ``answers`` and ``hidden``, or ``error`` in words.
    """
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        code = 1
        try:
            os.setsid()
            _limit(job)
            said = json.dumps(_render(job), default=str).encode()
            while said:
                said = said[os.write(writing, said) :]
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    try:
        return _wait(process, reading, job)
    finally:
        os.close(reading)
        os.kill(process, signal.SIGKILL)  # it is not waited for yet, so the number is its own
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)  # whatever it started
        os.waitpid(process, 0)


def _wait(process: int, reading: int, job: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """What the process said, or which limit it went over."""
    end = time.monotonic() + job["seconds"]
    said = b""
    while True:
        ready, _, _ = select.select([reading], [], [], _LOOK_S)
        if ready:
            part = os.read(reading, 65536)
            if not part:
                break
            said += part
        if time.monotonic() > end:
            return {"error": f"it takes longer than {job['seconds']:g} s"}
        if len(said) > _LONGEST or (not ready and _size(job["folder"]) > job["tree_bytes"]):
            return {"error": f"it writes more than {job['tree_bytes']:,} bytes"}
    try:
        told = json.loads(said)
    except ValueError:
        return {"error": f"it used more than {job['seconds']:g} s or {job['memory_bytes']:,} bytes of memory"}
    return told if isinstance(told, dict) else {"error": "it ended without a word"}


def _limit(job: Mapping[str, Any]) -> None:
    """Take away what a template does not need; programs that a trusted one runs keep memory and processes."""
    seconds = int(job["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_bytes"], job["file_bytes"]))
    if not job["trusted"]:
        resource.setrlimit(resource.RLIMIT_AS, (job["memory_bytes"], job["memory_bytes"]))
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        core_filters.fileglob = lambda _: []  # what is on this machine is no template's business
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # standard output is for our answers
        os.dup2(nowhere, stream)


def _render(job: Mapping[str, Any]) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    random.seed(0)  # the same answers give the same bytes
    # Text as it is: TOML refuses the halves of characters that JSON writes otherwise.
    DEFAULT_POLICIES["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    try:
        worker = run_copy(
            job["template"],
            job["folder"],
            data=job["data"],
            answers_file=".copier-answers.yml",
            defaults=True,
            quiet=True,
            cleanup_on_error=False,
            unsafe=job["trusted"],
            settings=Settings(),  # rather than those in somebody's home
        )
        asked = worker.template.questions_data
        kept = set(asked) - set(worker.template.secret_questions) - worker.answers.hidden
        given = worker.answers.combined
        return {
            "answers": {name: given[name] for name in asked if name in kept and name in given},
            "hidden": sorted(worker.answers.hidden),
        }
    except MemoryError:
        return {"error": f"it needs more than {job['memory_bytes']:,} bytes of memory"}
    except TemplateSyntaxError as error:
        return {
            "error": f"{error.name or error.filename or 'copier.yml'}, line {error.lineno}: {error.message}"
        }
    except OSError as error:
        if error.errno == errno.EFBIG:
            return {"error": f"it writes a file of more than {job['file_bytes']:,} bytes"}
        where = f" ({error.filename})" if error.filename else ""
        return {"error": f"{error.strerror or error}{where}"}
    except (CopierError, TemplateError, ValueError, TypeError, KeyError) as error:
        return {"error": str(error) or type(error).__name__}
    except Exception as error:  # noqa: BLE001  whatever a template brings about is told, and no traceback
        return {"error": f"{type(error).__name__} {error}".strip()}


def _size(folder: str) -> int:
    """How many bytes are in a folder just now."""
    total, waiting = 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += 4096
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:  # it is not there yet, or not any more
            continue
    return total


def main() -> int:
    """Answer jobs until there are no more; the exit code."""
    os.chdir("/")
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
