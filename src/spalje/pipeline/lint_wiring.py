"""Rules of the lint about what is connected to what in a definition."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from spalje.pipeline.definition import ArtifactKind, Definition, Reference, StepSpec
from spalje.pipeline.finding import Finding
from spalje.pipeline.kind import KINDS, MONITORS, Kind
from spalje.pipeline.plan import loop


def duplicate_names(definition: Definition) -> Iterator[Finding]:
    """Two steps, inputs or parameters share a name."""
    for noun, named in (
        ("steps", definition.steps),
        ("inputs", definition.inputs),
        ("parameters", definition.parameters),
    ):
        for name, count in Counter(one.name for one in named).items():
            if count > 1:
                lines = [one.where for one in named if one.name == name]
                first, last = str(lines[0]), lines[-1]
                yield Finding(
                    where=last,
                    what=f"{count} {noun} are called '{name}'; the first is at {first}.",
                    do="Give each its own name, or use the first one in both places.",
                )


def unknown_kinds(definition: Definition) -> Iterator[Finding]:
    """A step is of a kind that does not exist."""
    for step in definition.steps:
        if step.kind not in KINDS:
            yield unknown_name(step, f"is of kind '{step.kind}'", step.kind, KINDS)


def unknown_references(definition: Definition) -> Iterator[Finding]:
    """A step reads, or waits for, something that the pipeline does not have."""
    steps = {step.name: step for step in definition.steps}
    inputs = [found.name for found in definition.inputs]
    for step in definition.steps:
        for port, ref in _references(step):
            if ref.input is not None:
                if ref.input not in inputs:
                    yield unknown_name(step, f"reads its {port} from input '{ref.input}'", ref.input, inputs)
            elif ref.step not in steps:
                yield unknown_name(
                    step,
                    f"reads its {port} from step '{ref.step}', which is not in pipeline '{definition.name}'",
                    str(ref.step),
                    steps,
                    do=f"Add '{ref.step}' to steps=[…] of the pipeline, or read from a step that is there.",
                )
            elif ref.output not in steps[ref.step].outputs:
                yield unknown_name(
                    step, f"reads its {port} from '{ref}'", str(ref.output), steps[ref.step].outputs
                )
        for name in step.after:
            if name not in steps:
                yield unknown_name(
                    step, f"comes after step '{name}', which is not in the pipeline", name, steps
                )


def cycles(definition: Definition) -> Iterator[Finding]:
    """Steps need each other in a loop."""
    if names := loop(definition):
        where = next(step.where for step in definition.steps if step.name == names[0])
        yield Finding(
            where=where,
            what=f"Steps need each other in a loop: {' -> '.join(names)}.",
            do="Take one of these inputs or after= away.",
        )


def unknown_ports(definition: Definition) -> Iterator[Finding]:
    """A step is given something that its kind does not read."""
    for step, kind in of_known_kind(definition):
        for port in step.inputs:
            if _expected(kind, port) is None and not kind.open:
                ports = [*kind.needs, *kind.may]
                yield unknown_name(step, f"is of kind {step.kind} and is given '{port}'", port, ports)


def missing_ports(definition: Definition) -> Iterator[Finding]:
    """A step is not given something that its kind, or its monitor, must read."""
    for step, kind in of_known_kind(definition):
        monitor = str(step.settings.get("monitor"))
        wanted = [*kind.needs, *sorted(MONITORS.get(step.kind, {}).get(monitor, ()))]
        if step.kind == "decide" and "ground_truth" not in step.inputs:
            wanted += ["features", "predictions"]
        for port in wanted:
            word = port.removesuffix("_*")
            several = word != port
            if not any(name == port or (several and name.startswith(f"{word}_")) for name in step.inputs):
                what = f"no {word} at all" if several else f"no '{word}'"
                yield step_finding(
                    step,
                    f"is of kind {step.kind} and has {what}.",
                    f"Give it {word}{'s=[…]' if several else '=…'} in the recipe.",
                )


def unknown_monitors(definition: Definition) -> Iterator[Finding]:
    """A baseline or a check is of a monitor that does not exist."""
    for step in definition.steps:
        monitor = step.settings.get("monitor")
        if step.kind in MONITORS and not (isinstance(monitor, str) and monitor in MONITORS[step.kind]):
            yield unknown_name(step, f"is of monitor {monitor!r}", str(monitor), MONITORS[step.kind])


def type_clashes(definition: Definition) -> Iterator[Finding]:
    """A step is given a table where it needs a model, and the like."""
    for step, kind in of_known_kind(definition):
        for port, ref in step.inputs.items():
            expected, actual = _expected(kind, port), _kind_of(definition, ref)
            if expected and actual and expected != actual:
                yield step_finding(
                    step,
                    f"reads a {expected} as its {port}, but '{ref}' is a {actual}.",
                    f"Give it a {expected}.",
                )


def wrong_outputs(definition: Definition) -> Iterator[Finding]:
    """A step declares other outputs than its kind has; a process step has those it declares."""
    for step, kind in of_known_kind(definition):
        if step.kind != "process" and step.outputs != dict(kind.gives):
            yield step_finding(
                step,
                f"is of kind {step.kind} and has the outputs {_listed(step.outputs)}; "
                f"they must be {_listed(kind.gives)}.",
                "Leave the outputs to the step.",
            )


def conditions(definition: Definition) -> Iterator[Finding]:
    """A condition asks for a metric of something that is not a report."""
    for step in definition.steps:
        if step.when is None:
            continue
        actual = _kind_of(definition, step.when.report)
        if actual is not None and actual != "report":
            yield step_finding(
                step,
                f"runs when '{step.when.metric}' of '{step.when.report}' compares, but that is a {actual}.",
                "Take the metric of a report, such as the output of an Evaluate step.",
            )


def of_known_kind(definition: Definition) -> Iterator[tuple[StepSpec, Kind]]:
    """The steps whose kind exists, each with its kind."""
    return ((step, KINDS[step.kind]) for step in definition.steps if step.kind in KINDS)


def _listed(outputs: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in outputs.items()) or "none"


def _references(step: StepSpec) -> Iterator[tuple[str, Reference]]:
    yield from step.inputs.items()
    if step.when is not None:
        yield "condition", step.when.report


def _expected(kind: Kind, port: str) -> ArtifactKind | None:
    """What a port of the kind must hold; None where the kind says nothing about it."""
    for name, expected in {**kind.needs, **kind.may}.items():
        if name == port or (name.endswith("*") and port.startswith(name[:-1])):
            return expected
    return None


def _kind_of(definition: Definition, ref: Reference) -> ArtifactKind | None:
    """What a reference's artifact holds; None where it leads nowhere."""
    if ref.input is not None:
        return next((found.kind for found in definition.inputs if found.name == ref.input), None)
    outputs = next((step.outputs for step in definition.steps if step.name == ref.step), {})
    return outputs.get(str(ref.output))


def step_finding(step: StepSpec, what: str, do: str) -> Finding:
    """A finding about a step, at its line."""
    return Finding(where=step.where, what=f"Step '{step.name}' {what}", do=do)


def unknown_name(step: StepSpec, what: str, name: str, known: Iterable[str], do: str = "") -> Finding:
    """A finding about a name that is not among the known ones; says which are, and the nearest."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    there = ", ".join(names) or "nothing"
    return step_finding(
        step,
        f"{what}. There is: {there}.",
        do or (f"Did you mean '{near[0]}'?" if near else "Use one of these."),
    )
