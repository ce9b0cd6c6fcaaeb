"""The first program in a container: starts the user's, waits for it, and writes down how it ended and what it took.

This file is a program. It is started by path with the container's Python, where Spaljé need not be installed, so it
imports only the standard library. Its one word is a folder with ``order.json``: words, folder and variables, which
thus stand on no command line and in no description of the container. It leaves ``ended.json`` there.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main(folder: Path) -> int:
    """Run what the folder's order says; its exit code, or 128 and the number of the signal that killed it."""
    order = json.loads((folder / "order.json").read_text(encoding="utf-8"))
    process = subprocess.Popen(
        [sys.executable, *order["words"]], cwd=order["folder"], env={**os.environ, **order["environ"]}
    )
    _, status, usage = os.wait4(process.pid, 0)
    code = process.returncode = os.waitstatus_to_exitcode(status)
    ended = {
        "code": code,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
    }
    aside = folder / "ended.json.aside"
    aside.write_text(json.dumps(ended), encoding="utf-8")
    aside.replace(folder / "ended.json")
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
