"""The outline of a repository's pipelines, read from the file that ``spalje pipeline compile --write`` wrote."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spalje.errors import BadInput, NotFound

#: The version of the file that this reads.
_FORMAT = 1
#: Airflow shows of an error its message only, so that it has to be in there.
_DO = "Write it anew and commit it: spalje pipeline compile --write"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value from outside.

    Attributes:
        name: its name.
        type: string, integer, float, boolean or date.
        default: its value when it is not given; None: it has none.
        required: a run is not started without it.
        help: one sentence for whoever starts a run.
    """

    name: str
    type: str
    default: Any = None
    required: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """The step runs only if a metric of a report compares as said."""

    report: str
    metric: str
    operator: str
    value: float

    def __str__(self) -> str:
        return f"{self.metric} {self.operator} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Step:
    """A step, the steps that it needs, and its condition."""

    name: str
    kind: str
    needs: tuple[str, ...] = ()
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """A pipeline's shape.

    Example:
        >>> step = {"name": "train", "kind": "train", "needs": [], "when": None}
        >>> Outline.of("build", {"steps": [step]}).steps[0].kind
        'train'
    """

    name: str
    steps: tuple[Step, ...]
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, said: Mapping[str, Any]) -> "Outline":
        """The outline of a pipeline as the file holds it.

        Raises:
            KeyError, TypeError: something is missing, or of another kind.
        """
        steps = tuple(
            Step(
                step["name"],
                step["kind"],
                tuple(step["needs"]),
                Condition(**step["when"]) if step["when"] else None,
            )
            for step in said["steps"]
        )
        parameters = tuple(Parameter(**parameter) for parameter in said.get("parameters", ()))
        return cls(name, steps, parameters, tuple(given["name"] for given in said.get("inputs", ())))


def read(path: Path) -> dict[str, Outline]:
    """The pipelines that a file outlines, by name.

    Raises:
        BadInput: there is no such file, or it is none.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] != _FORMAT:
            raise BadInput(f"{path} has format {said['format']!r}, and this Spaljé reads {_FORMAT}. {_DO}")
        return {name: Outline.of(name, pipeline) for name, pipeline in said["pipelines"].items()}
    except FileNotFoundError as error:
        raise BadInput(f"There is no {path}, by which the pipelines are drawn. {_DO}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{path} is no outline of pipelines: {type(error).__name__}: {error}. {_DO}"
        ) from error


def pipeline(outlines: Mapping[str, Outline], name: str) -> Outline:
    """The pipeline of that name.

    Raises:
        BadInput: there is none.
    """
    if name not in outlines:
        raise BadInput(f"{NotFound('pipeline', name, outlines)} {_DO}")
    return outlines[name]
