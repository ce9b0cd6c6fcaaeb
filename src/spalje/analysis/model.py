"""A model wherever it is: packaged, a script with its files, or a function of the program's own."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spalje.attribution.tree_model import Answers
from spalje.errors import BadInput
from spalje.fingerprint import fingerprint
from spalje.model.answers import FunctionAnswers, ProcessAnswers
from spalje.model.contract import Signature
from spalje.model.package import FILE as PACKAGE
from spalje.model.package import load
from spalje.model.process import ModelProcess, open_model, open_script
from spalje.model.program import Python

#: What a script is called in a folder that is no package.
SCRIPT = "inference.py"
#: Files of more bytes are told apart by their size and time.
LARGE = 2**28
#: What the rows that a model is asked for are called.
ROWS = "the rows that explain its predictions"


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A model that is being asked.

    Attributes:
        answers: where.
        process: its process; None of a function.
    """

    answers: Answers
    process: ModelProcess | None

    @property
    def busy_s(self) -> float | None:
        """Seconds that its process was busy predicting."""
        return None if self.process is None else self.process.busy_s

    @property
    def started_s(self) -> float:
        """Seconds that its process took to start."""
        return 0.0 if self.process is None else self.process.started_s

    @property
    def failed(self) -> tuple[int, str]:
        """How many rows it failed on, and what it said of the first."""
        teller = self.process or self.answers
        return getattr(teller, "failed", 0), getattr(teller, "first_failure", "")


def features_of(model: Any) -> tuple[str, ...] | None:
    """The features of a packaged model; None of another, which takes what it is given.

    Raises:
        BadInput: there is no such model.
    """
    if not isinstance(model, str | Path):
        return None
    place = _place(model)
    return load(place).signature.features if place.is_dir() and (place / PACKAGE).is_file() else None


def identity(model: Any, besides: Path | None = None) -> str | None:
    """The SHA-256 of a model's files, those beside a script included; None of a function, which has none.

    Args:
        model: see ``opened``.
        besides: a folder in which what is written is no part of the model.
    """
    if not isinstance(model, str | Path):
        return None
    place = _place(model)
    folder = place if place.is_dir() else place.parent
    files = sorted(
        each
        for each in folder.rglob("*")
        if each.is_file()
        and "__pycache__" not in each.parts
        and (besides is None or not each.resolve().is_relative_to(besides.resolve()))
    )
    return fingerprint([[str(each.relative_to(folder)), _digest(each)] for each in files])


@contextmanager
def opened(
    model: Any, features: Sequence[str], *, python: Path | None = None, frames: bool = True
) -> Iterator[Opened]:
    """Start a model.

    Args:
        model: the folder of a packaged model; a script with ``model_fn`` and ``predict_fn``, whose ``model_fn``
            is given the script's folder; a folder with such an ``inference.py``; or a function of a table.
        features: what it is shown, in this order.
        python: the interpreter of the model's environment; None: this one.
        frames: whether a function is given pandas DataFrames rather than Arrow tables.

    Raises:
        BadInput: there is no such model.
        StepFailed: it could not be loaded.
    """
    if not isinstance(model, str | Path):
        if not callable(model) and not callable(getattr(model, "predict", None)):
            raise BadInput(
                f"A {type(model).__name__} is no model: it cannot be called and has no method predict.",
                do="Give a function of a table, a script, or the folder of a packaged model.",
            )
        yield Opened(FunctionAnswers(model, frames=frames), None)
        return
    place = _place(model)
    start = Python(str(python or sys.executable), dict(os.environ)).command
    with tempfile.TemporaryDirectory(prefix="spalje-") as scratch:
        log = Path(scratch) / "model.log"
        if place.is_dir() and (place / PACKAGE).is_file():
            process = open_model(place, start, log, lenient=True)
        else:
            script = place / SCRIPT if place.is_dir() else place
            signature = Signature(features=tuple(features), prediction="prediction")
            process = open_script(script, script.parent, signature, start, log, lenient=True)
        with process:
            yield Opened(ProcessAnswers(process, ROWS), process)


def _place(model: str | Path) -> Path:
    place = Path(model).expanduser()
    if not place.exists():
        raise BadInput(f"There is no model {place}.", do="Check the path.")
    if place.is_dir() and not (place / PACKAGE).is_file() and not (place / SCRIPT).is_file():
        there = sorted(each.name for each in place.iterdir())[:5]
        raise BadInput(
            f"{place} is no model: it has neither {PACKAGE} nor {SCRIPT}; "
            + (f"it has: {', '.join(there)}." if there else "it is empty."),
            do="Give the folder of a packaged model, or a script with model_fn and predict_fn.",
        )
    if place.is_file() and place.suffix != ".py":
        raise BadInput(
            f"{place} is no model: a model is a folder or a Python script.",
            do="Write a script with model_fn, which loads this file, and predict_fn.",
        )
    return place


def _digest(file: Path) -> str:
    known = file.stat()
    if known.st_size > LARGE:
        return f"{known.st_size} {known.st_mtime_ns}"
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
