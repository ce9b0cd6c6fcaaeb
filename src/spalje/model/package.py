"""A packaged model: what training wrote, the code that predicts with it, and what it is for."""

import json
import shutil
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spalje.errors import BadInput, Corrupt, StepFailed
from spalje.model.contract import Signature

#: The file that says what a package is.
FILE = "package.json"


class ModelPackage(BaseModel):
    """The content of ``package.json``.

    Attributes:
        format: the version of this format.
        script: the inference script, a path inside ``code/``.
        problem: the project's problem at the time of training, as JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    script: str = Field(min_length=1)
    problem: Mapping[str, Any]

    @model_validator(mode="after")
    def _problem_has_a_signature(self) -> Self:
        Signature.model_validate(self.problem)
        return self

    @property
    def signature(self) -> Signature:
        """The columns that the model is fed and that it gives."""
        return Signature.model_validate(self.problem)


def pack(model_dir: Path, script: Path, problem: BaseModel, out: Path) -> None:
    """Put a model and its inference code into one folder: ``model/``, ``code/``, ``package.json``.

    The whole folder that holds the script is copied, without what is hidden (``.git``, ``.env``)
    and without compiled Python.

    Args:
        model_dir: what training wrote to SM_MODEL_DIR.
        script: the inference script.
        problem: the project's problem.
        out: an empty folder.

    Raises:
        StepFailed: training wrote no file to SM_MODEL_DIR.
        BadInput: there is no such script.
    """
    if not any(path.is_file() for path in model_dir.rglob("*")):
        raise StepFailed(
            "Training ended without error but wrote no model: SM_MODEL_DIR is empty.",
            do='Save the model into the folder that os.environ["SM_MODEL_DIR"] names.',
        )
    if not script.is_file():
        there = sorted(path.name for path in script.parent.glob("*.py")) if script.parent.is_dir() else []
        near = get_close_matches(script.name, there, n=1)
        raise BadInput(
            f"There is no inference script {script.name} in {script.parent.name}/."
            + (
                f" Did you mean {near[0]}?"
                if near
                else f" There is: {', '.join(there) or 'no script at all'}."
            ),
            do="Correct inference=… of the train step in pipeline.py.",
        )
    shutil.copytree(model_dir, out / "model")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(script.parent, out / "code", ignore=ignored, ignore_dangling_symlinks=True)
    package = ModelPackage(script=script.name, problem=problem.model_dump(mode="json"))
    text = json.dumps(package.model_dump(mode="json"), indent=2, ensure_ascii=False, allow_nan=False)
    (out / FILE).write_text(text + "\n", encoding="utf-8")


def load(folder: Path) -> ModelPackage:
    """What a folder's ``package.json`` says, checked.

    Raises:
        BadInput: the folder is no packaged model, or of a format that this version cannot read.
        Corrupt: package.json is damaged, or a file that it names is not there.
    """
    path = folder / FILE
    if not path.is_file():
        raise BadInput(
            f"{folder} is not a packaged model: it has no {FILE}.",
            do="Give the output 'model' of a train step, or the model of a registered version.",
        )
    try:
        package = ModelPackage.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        if place == "format":
            raise BadInput(
                f"{path} is of format {first['input']!r}; this version of Spaljé reads format 1.",
                do="Use the version of Spaljé that packed it, or train again.",
            ) from error
        raise Corrupt(
            f"{path} does not describe a model: {place}: {first['msg']}.", do="Train again."
        ) from error
    script = (folder / "code" / package.script).resolve()
    if not script.is_relative_to((folder / "code").resolve()) or not script.is_file():
        raise Corrupt(
            f"{path} names the script '{package.script}', which is not in code/.", do="Train again."
        )
    return package
