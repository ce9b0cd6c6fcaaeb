"""Rules of the lint about a whole recipe: what only its objects tell, and no definition."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from spalje.pipeline.finding import Finding, at
from spalje.pipeline.project_file import ProjectFile, line_of
from spalje.pipeline.recipe import Pipeline
from spalje.pipeline.step import Output, Step


def same_names(pipelines: Sequence[Pipeline]) -> Iterator[Finding]:
    """Two pipelines share a name."""
    first: dict[str, Pipeline] = {}
    for pipeline in pipelines:
        other = first.setdefault(pipeline.name, pipeline)
        if other is not pipeline:
            what = f"Pipeline '{pipeline.name}' is there twice; the first is at {other.where}."
            yield Finding(where=pipeline.where, what=what, do="Give each its own name.")


def forgotten_steps(steps: Sequence[Step], pipelines: Sequence[Pipeline]) -> Iterator[Finding]:
    """Steps that would silently never run."""
    listed = {step for pipeline in pipelines for step in pipeline.steps}
    for step in steps:
        if step not in listed:
            what = f"Step '{step.spec.name}' is in no pipeline, so it would never run."
            yield Finding(
                where=step.spec.where, what=what, do="Add it to steps=[…] of a pipeline, or take it away."
            )


def unknown_locations(
    project: ProjectFile, pipelines: Sequence[Pipeline], project_file: Path
) -> Iterator[Finding]:
    """Inputs that ``[inputs]`` places and no pipeline has."""
    known = sorted({one.name for pipeline in pipelines for one in pipeline.inputs if one.source == "given"})
    for name in project.inputs:
        if name not in known:
            line = line_of(project_file.read_text(encoding="utf-8"), "inputs", name)
            what = f"[inputs] {name} is an input of no pipeline. There is: {', '.join(known) or 'nothing'}."
            near = get_close_matches(name, known, n=1)
            do = f"Did you mean '{near[0]}'?" if near else "Take the line away, or read the input in a step."
            yield at(project_file.name, line, what, do)


def strangers(pipeline: Pipeline) -> Iterator[Finding]:
    """Steps that are read from and not in the pipeline, although one of the same name is.

    A definition knows steps by their names, so only here can the two be told apart.
    """
    names = {step.spec.name for step in pipeline.steps}
    for step in pipeline.steps:
        for port, source in step.reads.items():
            if not isinstance(source, Output) or source.step in pipeline.steps:
                continue
            stranger = source.step.spec
            if stranger.name in names:
                yield Finding(
                    where=step.spec.where,
                    what=f"Step '{step.spec.name}' reads its {port} from the step '{stranger.name}' of "
                    f"{stranger.where}, but pipeline '{pipeline.name}' has another step of that name.",
                    do=f"Read from the step that pipeline '{pipeline.name}' lists.",
                )
