"""The process step: a program of the user's that turns folders into folders."""

from spalje.errors import StepFailed
from spalje.steps.context import StepContext, StepResult
from spalje.steps.verdict_file import own_verdict


def arguments_of(context: StepContext) -> tuple[dict[str, str], dict[str, str]]:
    """The command-line options and the environment variables a processing script gets.

    Every input and output folder is ``--<name> DIR`` and every parameter that has a value
    ``--<name> value``; the same stand in ``SPALJE_INPUT_<NAME>``, ``SPALJE_OUTPUT_<NAME>`` and
    ``SPALJE_PARAMETER_<NAME>``. Underscores in names become hyphens in options.
    """
    folders_in = {name: str(path) for name, path in context.inputs.items()}
    folders_out = {name: str(context.output(name)) for name in context.spec.outputs}
    values = {
        name: value
        if isinstance(value, str)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
        for name, value in context.settings.get("parameters", {}).items()
        if value is not None
    }
    options = {
        name.replace("_", "-"): value for name, value in {**folders_in, **folders_out, **values}.items()
    }
    variables = {
        f"SPALJE_{word}_{name.upper().replace('-', '_')}": value
        for word, pairs in (("INPUT", folders_in), ("OUTPUT", folders_out), ("PARAMETER", values))
        for name, value in pairs.items()
    }
    return options, variables


def execute(context: StepContext) -> StepResult:
    """Run the script; every declared output must hold at least one file afterwards, a verdict ``verdict.json``.

    Raises:
        StepFailed: the script failed, or left an output empty.
        BadInput: a verdict that it wrote is none.
    """
    options, variables = arguments_of(context)
    script = context.source / str(context.spec.script)
    context.scripts.run(script, options, variables)
    empty = [name for name in context.spec.outputs if not any(context.output(name).rglob("*"))]
    if empty:
        raise StepFailed(
            f"{context.spec.script} ended without error but wrote nothing into its output '{empty[0]}'.",
            do=f"Write at least one file into the folder given as --{empty[0].replace('_', '-')}.",
        )
    for name, kind in context.spec.outputs.items():
        if kind == "verdict":
            verdict = own_verdict(context.output(name), name, by=str(context.spec.script))
            context.say(f"{name}: {verdict.outcome}: {verdict.summary}")
    return StepResult()
