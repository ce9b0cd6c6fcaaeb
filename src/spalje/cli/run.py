"""``spalje run``: start, watch, resume and read runs."""

import shlex
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from spalje.ci.detached import execute_detached
from spalje.cli.live import following, watching
from spalje.cli.options import Common, pairs, person
from spalje.cli.output import coloured, console, print_json, seconds, table
from spalje.errors import BadInput, NotFound, Refused, SpaljeError, StepFailed
from spalje.execution.order import Order
from spalje.lineage.run import Run, Status
from spalje.model.program import Program
from spalje.pipeline.kind import runs_users_code
from spalje.project import git
from spalje.registry.project import Project
from spalje.workspace import Workspace, definition_of

app = App(name="run", help="Runs of pipelines: start, watch, resume, read logs.")

app.command("spalje.cli.run_pushed:pushed", name="pushed", show=False)
app.command("spalje.cli.run_execute:execute", name="execute")
app.command("spalje.cli.run_record:record", name="record")
app.command("spalje.cli.run_record:conclude", name="conclude")

_Words = Annotated[tuple[str, ...], Parameter(negative=())]


@app.command
def start(
    pipeline: str,
    *,
    project: str,
    param: _Words = (),
    input: _Words = (),  # noqa: A002  the option's name
    ref: str | None = None,
    no_cache: Annotated[bool, Parameter(negative="")] = False,
    common: Common = Common(),
) -> int:
    """Start a pipeline on a commit and execute it here.

    Args:
        pipeline: build, inference or another pipeline of the project's recipes.
        project: the project.
        param: a parameter as NAME=VALUE; may be repeated.
        input: where an input is, as NAME=PATH, NAME=package:NAME/FOLDER or NAME=sha256:DIGEST; may be repeated.
        ref: the branch, tag or commit of the recipe; default: main, as it was last pushed.
        no_cache: execute every step, even where an earlier run did the same.
    """
    workspace = common.open()
    if ref is None:
        refuse_unpushed(workspace.metadata.projects.get(project), Path.cwd())
    order = Order(
        project, pipeline, person(), pairs(param, "--param"), pairs(input, "--input"), ref or "main"
    )
    return _execute(workspace, workspace.starter.start(order), common, use_cache=not no_cache)


def refuse_unpushed(project: Project, folder: Path) -> None:
    """Refuse to start a run from inside a clone whose changes the run would not have.

    Raises:
        Refused: the clone of one of the project's repositories has uncommitted or unpushed changes.
    """
    repository = git.origin(folder)
    if repository not in (project.build_repository, project.deploy_repository):
        return
    changed = git.is_dirty(folder)
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise Refused(
            f"This clone of {Path(repository).stem} has uncommitted changes ({', '.join(changed[:3])}{more}), "
            "and a run is made from a commit: it would not have them.",
            do="Commit and push them; or add --ref main to run what has been pushed.",
        )
    if git.resolve(folder, "HEAD") != git.resolve(Path(repository), "main"):
        raise Refused(
            f"The commit you are on is not the main of {Path(repository).stem}: the run would be of another one.",
            do="Push it (that starts a build by itself); or say which with --ref.",
        )


@app.command
def resume(run: str, *, common: Common = Common()) -> int:
    """Take a failed, cancelled or abandoned run up again; what had succeeded is not done twice.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
    """
    workspace = common.open()
    found = workspace.metadata.runs.get(run)
    if found.status is Status.SUCCEEDED:
        raise BadInput(
            f"{run} has succeeded; there is nothing to resume.", do="Start a new one with `spalje run start`."
        )
    definition_of(found)
    return _execute(workspace, workspace.resume(run), common)


def _execute(workspace: Workspace, run: Run, common: Common, *, use_cache: bool = True) -> int:
    definition = definition_of(run)
    if common.json:
        ended = workspace.execute(run, use_cache=use_cache)
        print_json({"run": ended, "steps": list(workspace.metadata.steps.all(run.id).values())})
    else:
        with watching(definition, f"{run.id} at commit {run.commit[:10]}") as listener:
            ended = workspace.execute(run, use_cache=use_cache, listener=listener)
    return end(workspace, ended, quiet=common.json)


def end(workspace: Workspace, ended: Run, *, quiet: bool) -> int:
    """Say how a run ended, start the retraining that it calls for, and give the command's exit code.

    Raises:
        StepFailed, SpaljeError: it did not succeed.
    """
    if not quiet:
        _summary(workspace, ended)
    if ended.status is not Status.SUCCEEDED:
        raise failure(workspace, ended)
    retrain(workspace, ended, quiet=quiet)
    return exit_code(workspace, ended)


def retrain(workspace: Workspace, run: Run, *, quiet: bool) -> None:
    """Start, in a process of its own, the build that a run's decision calls for, where it starts by itself."""
    build = workspace.retraining(run)
    if build is None:
        return
    if not build.status.ended:
        execute_detached(build, workspace.folder)
    if not quiet:
        said = (
            f"failed: {build.error}" if build.status.ended else f"follow it with: spalje run watch {build.id}"
        )
        console().print(Text.assemble("Retraining: ", (build.id, "bold"), f" started; {said}"))


def failure(workspace: Workspace, run: Run) -> SpaljeError:
    """What to tell a person about a run that did not succeed."""
    bad = next(
        (
            state
            for state in workspace.metadata.steps.all(run.id).values()
            if state.status in (Status.FAILED, Status.CANCELLED)
        ),
        None,
    )
    if bad is None:
        return SpaljeError(f"{run.id} {run.status}: {run.error}")
    first, _, rest = (bad.error or "").partition("\n")
    return StepFailed(
        f"{run.id}: step '{bad.step}' {bad.status}. {first}",
        log=rest,
        do=f"Read its log with `spalje run log {run.id} {bad.step}`; open it again with "
        f"`spalje run debug {run.id} {bad.step}`; when it is mended outside the repository, go on with "
        f"`spalje run resume {run.id}`.",
    )


def exit_code(workspace: Workspace, run: Run) -> int:
    """4 when a succeeded run blocked its batch or wants a retraining, else 0."""
    return 4 if workspace.conclusion(run).alarming else 0


def _summary(workspace: Workspace, run: Run) -> None:
    states = workspace.metadata.steps.all(run.id).values()
    cost = sum(state.usage.cost for state in states if state.usage)
    cpu = sum(state.usage.cpu_s for state in states if state.usage)
    wall = ((run.ended_at or run.created_at) - run.created_at).total_seconds()
    console().print(
        Text.assemble(
            run.id,
            " ",
            coloured(run.status),
            f" in {seconds(wall)}, {cpu:.1f} cpu-s, {cost:.4f} {workspace.settings.currency}",
        )
    )


@app.command(name="list")
def list_(
    *, project: str | None = None, pipeline: str | None = None, limit: int = 20, common: Common = Common()
) -> None:
    """The latest runs, newest first.

    Args:
        project: only this project's.
        pipeline: only this pipeline's.
        limit: how many.
    """
    runs = common.open().metadata.runs.list(project=project, pipeline=pipeline, limit=limit)
    if common.json:
        print_json(runs)
        return
    rows = [
        (
            run.id,
            coloured(run.status),
            run.trigger,
            run.commit[:10],
            run.started_by,
            f"{run.created_at:%Y-%m-%d %H:%M:%S}",
        )
        for run in runs
    ]
    console().print(table(("run", "status", "trigger", "commit", "by", "created (UTC)"), rows))


@app.command
def show(run: str, *, common: Common = Common()) -> None:
    """A run and its steps: what each read, wrote, took and cost.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
    """
    workspace = common.open()
    found = workspace.metadata.runs.get(run)
    states = tuple(workspace.metadata.steps.all(run).values())
    environments = _environments(found)
    if common.json:
        print_json({"run": found, "steps": states, "environments": environments})
        return
    out = console()
    out.print(Text.assemble((found.id, "bold"), " ", coloured(found.status)))
    facts = {
        "commit": f"{found.commit} by {found.author}",
        "repository": found.repository,
        "started by": f"{found.started_by} ({found.trigger})",
        **({"shown at": found.link} if found.link else {}),
        "created": f"{found.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "parameters": ", ".join(f"{name}={value}" for name, value in found.parameters.items()) or "–",
        "model version": found.version or "–",
        "environment": _environments_told(environments),
        "error": found.error or "–",
    }
    for name, value in facts.items():
        out.print(Text.assemble((f"  {name:14}", "dim"), str(value)))
    rows = [
        (
            s.step,
            coloured(s.status),
            s.usage.wall_s if s.usage else None,
            s.usage.cpu_s if s.usage else None,
            round(s.usage.peak_mib) if s.usage else None,
            f"{s.usage.cost:.6f}" if s.usage else "",
            s.reused_from or "",
            ", ".join(f"{name} {digest[:10]}" for name, digest in s.outputs.items()),
        )
        for s in states
    ]
    out.print(
        table(
            (
                "step",
                "status",
                "wall s",
                "cpu s",
                "MiB",
                workspace.settings.currency,
                "reused from",
                "outputs",
            ),
            rows,
        )
    )


def _environments(run: Run) -> dict[str, str]:
    """Where each step of a run that has the user's code in it runs that."""
    if run.definition is None:
        return {}
    definition = definition_of(run)
    return {
        step.name: definition.environment_of(step.name) for step in definition.steps if runs_users_code(step)
    }


def _environments_told(environments: Mapping[str, str]) -> str:
    """Environments in words: one for all, or each with its steps.

    Example:
        >>> _environments_told({"train": "uv", "transform": "uv"}), _environments_told({"a": "uv", "b": "current"})
        ('uv', 'uv (a), current (b)')
    """
    names = list(dict.fromkeys(environments.values()))
    if len(names) < 2:
        return names[0] if names else "–"
    return ", ".join(
        f"{name} ({', '.join(step for step, where in environments.items() if where == name)})"
        for name in names
    )


@app.command
def log(run: str, step: str, *, common: Common = Common()) -> None:
    """The log of a step.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
        step: the step.
    """
    path = _log_path(common.open(), run, step)
    print(path.read_text(encoding="utf-8", errors="replace"), end="")  # noqa: T201


def _log_path(workspace: Workspace, run: str, step: str) -> Path:
    found = workspace.metadata.runs.get(run)
    states = workspace.metadata.steps.all(run)
    if step not in states:
        raise NotFound(f"step of {run}", step, states)
    path = workspace.executor().log_of(found, step)
    if not path.is_file():
        raise BadInput(f"Step '{step}' of {run} has written no log: it is {states[step].status}.")
    return path


@app.command
def debug(run: str, step: str, *, common: Common = Common()) -> None:
    """How to run a step's script again by hand: its folder, inputs and command.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
        step: the step.
    """
    workspace = common.open()
    found = workspace.metadata.runs.get(run)
    path = _log_path(workspace, run, step)
    inputs = {
        port: str(workspace.artifacts.open(digest))
        for port, digest in workspace.metadata.steps.all(run)[step].inputs.items()
    }
    definition = definition_of(found)
    spec = definition.step(step)
    source = workspace.code.checkout(found.repository, found.commit).folder
    environment = workspace.environment(definition.environment_of(step), source)
    command: tuple[str, ...] = ()
    if spec.script:
        options = {name: Path(tempfile.gettempdir(), step, name) for name in spec.outputs}
        pairs = {**inputs, **options}.items()
        words = [word for name, folder in pairs for word in (f"--{name.replace('_', '-')}", str(folder))]
        script = source / spec.script
        command = environment.by_hand(
            Program(
                (str(script), *words),
                script.parent,
                reads=(source, *map(Path, inputs.values())),
                writes=(Path(tempfile.gettempdir(), step),),
            )
        )
    if common.json:
        print_json(
            {
                "source": source,
                "script": spec.script,
                "environment": environment.name,
                "inputs": inputs,
                "log": path,
                "command": command,
            }
        )
        return
    out = console()
    out.print(
        table(
            ("what", "where"),
            [
                ("repository at the commit", str(source)),
                ("script", spec.script or "–"),
                ("environment", environment.name if runs_users_code(spec) else "–"),
                *((f"input {port}", folder) for port, folder in inputs.items()),
                ("log", str(path)),
            ],
        )
    )
    if spec.script:
        folder = (source / spec.script).parent
        out.print(Text(f"\ncd {shlex.quote(str(folder))}\n{shlex.join(command)}"), soft_wrap=True)


@app.command
def watch(run: str, *, common: Common = Common()) -> int:
    """Wait until a run that goes on elsewhere has ended.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
    """
    workspace = common.open()
    found = workspace.metadata.runs.get(run)
    for job in workspace.metadata.jobs.open(found.project):
        if job.run == run:
            workspace.ci.queue.see_to(found.project)
            if not common.json:
                console().print(f"The repository's tests come first: spalje ci log {job.sequence}")
    with following(found, lambda: workspace.metadata.steps.all(run)):
        while not found.status.ended:
            time.sleep(0.2)
            found = workspace.metadata.runs.get(run)
    if common.json:
        print_json(found)
    else:
        _summary(workspace, found)
    if found.status is not Status.SUCCEEDED:
        raise failure(workspace, found)
    return exit_code(workspace, found)
