"""Lint: what is wrong with a definition, found before anything runs. Rules are functions in a list."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from spalje.pipeline import lint_wiring
from spalje.pipeline.definition import ENVIRONMENTS, Definition, SourceLine
from spalje.pipeline.finding import DoesNotCompile, Finding
from spalje.pipeline.lint_wiring import of_known_kind, step_finding, unknown_name
from spalje.pipeline.project_file import PROJECT_FILE, ContainerTable, line_of, read

#: A rule looks at a definition, and perhaps at its repository, and yields what it finds.
Rule: TypeAlias = Callable[[Definition], Iterable[Finding]]
RepositoryRule: TypeAlias = Callable[[Definition, Path], Iterable[Finding]]


def lint(definition: Definition, repository: Path) -> tuple[Finding, ...]:
    """Everything that is wrong with a definition, in the order of the recipe's lines.

    Args:
        definition: a compiled pipeline.
        repository: the folder with its scripts and ``spalje.toml``.
    """
    found = [finding for rule in RULES for finding in rule(definition)]
    found += [finding for rule in REPOSITORY_RULES for finding in rule(definition, repository)]
    return tuple(sorted(found, key=Finding.place))


def unknown_parameters(definition: Definition) -> Iterator[Finding]:
    """A setting refers to a parameter that the pipeline does not have."""
    known = [parameter.name for parameter in definition.parameters]
    for step in definition.steps:
        for name in sorted(step.parameters.difference(known)):
            yield unknown_name(step, f"uses parameter '{name}'", name, known)


def unused_parameters(definition: Definition) -> Iterator[Finding]:
    """A parameter is declared and changes nothing."""
    used = {name for step in definition.steps for name in step.parameters}
    for parameter in definition.parameters:
        if parameter.name not in used:
            yield Finding(
                where=parameter.where,
                what=f"Parameter '{parameter.name}' is not used by any step.",
                do="Use it in a step's settings, or take it away.",
            )


def option_clashes(definition: Definition) -> Iterator[Finding]:
    """Two names of one script would become the same option or variable."""
    for step, kind in of_known_kind(definition):
        if not kind.script:
            continue
        parameters = step.settings.get("parameters")
        names = [*step.inputs, *(parameters if isinstance(parameters, Mapping) else ())]
        if step.kind != "train":  # whose outputs are SageMaker's own variables
            names += step.outputs
        for variable, count in Counter(name.upper().replace("-", "_") for name in names).items():
            if count > 1:
                yield step_finding(
                    step,
                    f"gives its script {count} things called '{variable.lower()}' among inputs, outputs and "
                    "parameters (capitals and hyphens make no difference).",
                    "Rename all but one.",
                )


def unknown_environments(definition: Definition, repository: Path) -> Iterator[Finding]:
    """An environment is named that there is not, or that the repository has nothing to make it of."""
    wanted = {"uv": ["uv.lock", "pyproject.toml"], "container": [_dockerfile(repository)]}
    asked = [(step.environment, step) for step in definition.steps if step.environment is not None]
    for name, step in [(definition.environment, None), *asked]:
        lacking = [file for file in wanted.get(name, ()) if not (repository / file).is_file()]
        if name not in ENVIRONMENTS:
            near = get_close_matches(name, ENVIRONMENTS, n=1)
            what = f"runs in environment '{name}', which there is not."
            do = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(ENVIRONMENTS)}."
        elif lacking:
            what = f"runs in environment '{name}', but the repository has no {lacking[0]}."
            do = "Run `uv lock` and commit uv.lock." if name == "uv" else f"Write {lacking[0]} and commit it."
        else:
            continue
        if step is not None:
            yield step_finding(step, what, do)
        else:
            file = repository / PROJECT_FILE
            text = file.read_text(encoding="utf-8") if file.is_file() else ""
            where = SourceLine(file=PROJECT_FILE, line=line_of(text, "project", "environment"))
            yield Finding(where=where, what=f"The project {what}", do=do)


def _dockerfile(repository: Path) -> str:
    """The file that a container's image is made from."""
    try:
        return read(repository / PROJECT_FILE).environment.container.dockerfile
    except DoesNotCompile:  # which has been said
        return ContainerTable().dockerfile


def scripts(definition: Definition, repository: Path) -> Iterator[Finding]:
    """A script is missing, or lies outside the repository."""
    top = repository.resolve()
    for step, kind in of_known_kind(definition):
        if kind.script and not step.script:
            yield step_finding(step, "has no script.", 'Give it script="src/….py".')
        named = [step.script, step.settings.get("inference")] if kind.script else []
        for script in [str(script) for script in named if script]:
            try:
                path = (top / script).resolve()
                there = path.is_file()
            except (OSError, ValueError):  # no file can have such a name
                path, there = top, False
            if PurePosixPath(script).is_absolute() or not path.is_relative_to(top):
                yield step_finding(
                    step,
                    f"runs {script}, which is outside the repository.",
                    "Move the script into the repository and give its path relative to it.",
                )
            elif not there:
                near = get_close_matches(path.name, [entry.name for entry in path.parent.glob("*.py")], n=1)
                yield step_finding(
                    step,
                    f"runs {script}, which is not a file of the repository."
                    + (f" Did you mean {PurePosixPath(script).with_name(near[0])}?" if near else ""),
                    "Write the script and commit it, or mend its path.",
                )


def problem_misfits(definition: Definition, repository: Path) -> Iterator[Finding]:
    """What ``[problem]`` says does not fit together."""
    problem = definition.problem
    file = repository / PROJECT_FILE
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    columns = {"target": {problem.target}, "features": set(problem.features), "keys": set(problem.keys)}
    wrong: list[tuple[str, str, str]] = []
    if problem.season != "none" and problem.time is None:
        wrong.append(
            (
                "season",
                f"season is '{problem.season}', but no time column says when a row is.",
                'Set time to one of the keys, or season to "none".',
            )
        )
    for role, taken in columns.items():
        if problem.prediction in taken:
            said = f"prediction is '{problem.prediction}', which is also in {role}."
            wrong.append(("prediction", said, "Call the column of predictions something else."))
    if problem.target in problem.keys:
        wrong.append(
            (
                "target",
                f"target '{problem.target}' is one of the keys.",
                "Keys must be known before the truth is.",
            )
        )
    for key, what, do in wrong:
        where = SourceLine(file=PROJECT_FILE, line=line_of(text, "problem", key))
        yield Finding(where=where, what=f"[problem] {what}", do=do)


#: Every rule, in no particular order: findings are sorted by line.
RULES: tuple[Rule, ...] = (
    lint_wiring.duplicate_names,
    lint_wiring.unknown_kinds,
    lint_wiring.unknown_references,
    lint_wiring.cycles,
    lint_wiring.unknown_ports,
    lint_wiring.missing_ports,
    lint_wiring.unknown_monitors,
    lint_wiring.type_clashes,
    lint_wiring.wrong_outputs,
    lint_wiring.conditions,
    unknown_parameters,
    unused_parameters,
    option_clashes,
)
REPOSITORY_RULES: tuple[RepositoryRule, ...] = (scripts, unknown_environments, problem_misfits)
