"""A program: has loaded what commands load, and forks into a command of its own each time it is asked.

A line of JSON says which: its words, its folder, its variables, and the files for what it says. A line is answered:
how it ended.
"""

import gc
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pandas as pd  # noqa: F401  PyArrow loads it when it is there

import spalje.cli
import spalje.steps
import spalje.workspace
from spalje.__main__ import main


def load() -> None:
    """Load the commands, and the steps of runs."""
    for package in (spalje.cli, spalje.steps):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    gc.freeze()  # what is loaded stays: commands need not look through it


def become(words: list[str], folder: str, environ: dict[str, str], out: str, error: str) -> None:
    """This process, from now on, as if ``python -m spalje`` had started it."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, out, os.O_WRONLY | os.O_CREAT),
        (2, error, os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115
    sys.path.insert(0, folder)
    sys.argv = ["spalje", *words]


def serve() -> None:
    """Fork into a command for each line."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(*json.loads(line))
            main()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    load()
    serve()
