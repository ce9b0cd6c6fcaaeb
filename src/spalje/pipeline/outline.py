"""The outline of a repository's pipelines: what another orchestrator draws them by, in a file beside its DAGs.

It holds names, edges, conditions and parameters; no settings and no lines of the recipe. So it changes only when the
pipelines' shape does, and, a line a step, it merges as text does.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Any

from spalje.errors import BadInput
from spalje.pipeline.definition import Definition, StepSpec

#: Where it stands in a repository.
OUTLINE = "dags/pipelines.json"
#: The version of what is written.
_FORMAT = 1


def outline(definitions: Iterable[Definition]) -> dict[str, Any]:
    """What another orchestrator needs to know of pipelines, as JSON can hold it.

    Example:
        >>> outline([])
        {'format': 1, 'pipelines': {}}
    """
    return {"format": _FORMAT, "pipelines": {one.name: _pipeline(one) for one in definitions}}


def step_outline(step: StepSpec) -> dict[str, Any]:
    """The outline of one step."""
    when = step.when
    return {
        "name": step.name,
        "kind": step.kind,
        "needs": sorted(step.needs),
        "when": None if when is None else {**when.model_dump(exclude={"report"}), "report": str(when.report)},
    }


def written(definitions: Iterable[Definition]) -> str:
    """The outline as the file holds it, a line for each parameter, input and step.

    Example:
        >>> print(written([]), end="")
        {"format": 1, "pipelines": {
        }}
    """
    pipelines = outline(definitions)["pipelines"]
    texts = [_text(name, parts) for name, parts in pipelines.items()]
    return "\n".join([f'{{"format": {_FORMAT}, "pipelines": {{', *_separated(texts), "}}", ""])


def check_written(folder: Path, definitions: Iterable[Definition]) -> None:
    """Hold the outline of a repository against its recipe.

    Args:
        folder: the repository's top.
        definitions: what its recipe compiles to.

    Raises:
        BadInput: it is another one, or is not there.
    """
    path = folder / OUTLINE
    do = f"Write it anew and commit it: spalje pipeline compile {folder} --write"
    if not path.is_file():
        raise BadInput(f"There is no {path}: Airflow does not know the pipelines.", do=do)
    have, want = path.read_text(encoding="utf-8"), written(definitions)
    if have == want:
        return
    lines = [
        line
        for line in unified_diff(have.splitlines(), want.splitlines(), lineterm="", n=0)
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    raise BadInput(
        f"{path} is not what pipeline.py compiles to: {len(lines)} lines differ, the first is {lines[0]!r}."
        if lines
        else f"{path} is not written as it should be: its lines end otherwise.",
        do=do,
    )


def _pipeline(definition: Definition) -> dict[str, Any]:
    return {
        "parameters": [
            parameter.model_dump(mode="json", exclude={"where"}) for parameter in definition.parameters
        ],
        "inputs": [
            {"name": given.name, "kind": given.kind, "help": given.help}
            for given in definition.inputs
            if given.source == "given"
        ],
        "steps": [step_outline(step) for step in definition.steps],
    }


def _text(name: str, parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    texts = []
    for part, things in parts.items():
        lines = _separated([f"    {json.dumps(thing, ensure_ascii=False)}" for thing in things])
        texts.append("\n".join([f'  "{part}": [', *lines, "  ]"]))
    return "\n".join([f' "{name}": {{', *_separated(texts), " }"])


def _separated(texts: Sequence[str]) -> list[str]:
    """All with a comma but the last."""
    return [*(f"{text}," for text in texts[:-1]), *texts[-1:]]
