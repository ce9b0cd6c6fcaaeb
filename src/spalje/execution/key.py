"""The key of a step run: the hash of everything that decides its outputs."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spalje import __version__
from spalje.fingerprint import fingerprint
from spalje.pipeline.definition import ParameterReference, StepSpec
from spalje.pipeline.problem import Problem


def settings_of(spec: StepSpec, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The step's settings with every parameter reference replaced by its value in this run.

    Example:
        >>> from spalje.pipeline.definition import SourceLine
        >>> spec = StepSpec(name="a", kind="process", where=SourceLine(file="pipeline.py", line=1),
        ...                 settings={"parameters": {"week": {"parameter": "week"}, "stores": 60}})
        >>> settings_of(spec, {"week": "2017-10-30"})
        {'parameters': {'week': '2017-10-30', 'stores': 60}}
    """
    return {name: _filled(value, parameters) for name, value in spec.settings.items()}


def _filled(value: Any, parameters: Mapping[str, Any]) -> Any:
    if isinstance(value, ParameterReference):
        return parameters[value.parameter]
    if isinstance(value, Mapping):
        if set(value) == {"parameter"}:
            return parameters[value["parameter"]]
        return {name: _filled(inner, parameters) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(inner, parameters) for inner in value]
    return value


def source_digest(repository: Path, spec: StepSpec) -> str | None:
    """SHA-256 of the source a script step runs: every file in the folders of its scripts.

    None for a step without a script of the user's.
    """
    scripts = [str(script) for script in (spec.script, spec.settings.get("inference")) if script]
    folders = sorted({str(Path(script).parent) for script in scripts})
    if not folders:
        return None
    return fingerprint({folder: _tree(repository / folder) for folder in folders})


def _tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def step_key(
    spec: StepSpec,
    problem: Problem,
    settings: Mapping[str, Any],
    inputs: Mapping[str, str],
    source: str | None,
    environment: str | None,
) -> str:
    """The step's key: equal keys mean equal outputs.

    Args:
        settings: with parameters filled in.
        inputs: port -> artifact digest.
        source: digest of the script's source tree, or None.
        environment: digest of the environment's lock, None for a step that runs nothing of the user's.
    """
    return fingerprint(
        {
            "spalje": __version__,
            "kind": spec.kind,
            "script": spec.script,
            "outputs": dict(spec.outputs),
            "problem": problem.model_dump(mode="json"),
            "settings": dict(settings),
            "inputs": dict(inputs),
            "source": source,
            "environment": environment,
        }
    )
