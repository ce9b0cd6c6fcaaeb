"""``spalje project``: one use case each, made from a template as two Git repositories."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.text import Text

from spalje.cli.options import Common, pairs, person
from spalje.cli.output import console, print_json, table
from spalje.cli.undertaking import shown
from spalje.errors import NotFound, UsageError
from spalje.project.template.catalog import check_name
from spalje.registry.project import Project
from spalje.registry.undertaking import Undertaking
from spalje.workspace import Workspace, now

app = App(name="project", help="Projects: create one from a template, list them, see what one is made of.")

app.command("spalje.cli.project_delete:delete", name="delete")
app.command("spalje.cli.project_status:status", name="status")
app.command("spalje.cli.project_update:update", name="update")


@app.command
def create(
    name: str,
    *,
    template: str = "forecasting",
    host: str | None = None,
    core: Annotated[bool, Parameter(negative="")] = False,
    answer: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    into: Path | None = None,
    title: str | None = None,
    owner: str | None = None,
    approver: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    four_eyes: Annotated[bool, Parameter(negative="")] = False,
    retrain: Literal["auto", "propose", "never"] = "propose",
    common: Common = Common(),
) -> None:
    """Create a project: a build and a deploy repository with seed code, recipes, tests and CI.

    Interrupted, it goes on when you give the same command again. What exists already is never overwritten.

    Args:
        name: lowercase letters, digits and hyphens, for example fresh-produce.
        template: what to create it from, and the version where it is not the newest, as in forecasting@1.2.0; see
            `spalje template list`.
        host: the Git host for its repositories, as the settings call it; default: default_host of the settings.
        core: processing happens outside, before and after a slim core pipeline; short for --answer shape=core.
        answer: NAME=VALUE, an answer to a question of the template; may be repeated; see `spalje template show`.
        into: also clone both repositories into this folder.
        title: the project's name for people; default: made from the name.
        owner: who answers for it; default: you.
        approver: a person who may approve model versions; may be repeated; nobody named: everybody may.
        four_eyes: the approver must not be the author of the commit.
        retrain: what a decision to retrain does: start a build by itself, propose it, or nothing.
    """
    check_name("project", name)
    template_name, _, version = template.partition("@")
    answers = _answers(answer, core=core)
    workspace = Workspace.create(common.folder)
    wanted = Project(
        name=name,
        title=title or name.replace("-", " ").capitalize(),
        owner=owner or person(),
        template=template_name,
        template_version=version,
        build_repository="",
        deploy_repository="",
        approvers=approver,
        four_eyes=four_eyes,
        retrain=retrain,
        created_at=now(),
        created_by=person(),
        host=host or workspace.settings.default_host,
        answers=answers,
    )
    with shown() as tell:
        created = workspace.projects.create(wanted, author=person(), into=into, tell=tell)
    project = created.project
    if common.json:
        print_json({"project": project, "clones": [str(clone) for clone in created.clones]})
        return
    out = console()
    out.print(
        Text.assemble(
            "Project ",
            (project.name, "bold"),
            f" is there, from template {project.template} {project.template_version}.",
        )
    )
    rows = [("build repository", project.build_repository), ("deploy repository", project.deploy_repository)]
    rows += [("clone", str(clone)) for clone in created.clones]
    rows += [("workspace", str(workspace.folder))]
    out.print(table(("what", "where"), rows))
    where = created.clones[0] if created.clones else f"a clone of {project.build_repository}"
    if project.answers.get("environment") == "uv":
        out.print(
            f"\nNext: `uv lock` in {where} and in the deploy repository, commit uv.lock, and `git push`."
        )
        return
    out.print(f"\nNext: change src/ in {where}, commit, and `git push`: every push to main starts a build.")
    out.print(f"Or build what is there now: spalje run start build --project {project.name}")


@app.command(name="list")
def list_(*, common: Common = Common()) -> None:
    """The projects of the workspace, and what was begun with one and is not finished."""
    metadata = common.open().metadata
    projects, under_way = metadata.projects.all(), metadata.undertakings.all()
    if common.json:
        print_json(projects)
        return
    out = console()
    out.print(
        table(
            ("project", "title", "owner", "template", "host", "retrain"),
            [
                (p.name, p.title, p.owner, f"{p.template} {p.template_version}", p.host, p.retrain)
                for p in projects
            ],
        )
    )
    for line in _unfinished(under_way):
        out.print(line)


@app.command
def show(name: str, *, common: Common = Common()) -> None:
    """A project: its repositories, roles, template, versions and last runs.

    Args:
        name: the project.
    """
    workspace = common.open()
    metadata = workspace.metadata
    under_way = metadata.undertakings.get(name)
    try:
        project = metadata.projects.get(name)
    except NotFound as error:
        if under_way is None:
            raise
        raise UsageError(
            f"Project '{name}' is not finished: its creation {under_way.began}.", do=_ways(under_way)
        ) from error
    serving = metadata.versions.latest_approved(name)
    runs = metadata.runs.list(project=name, limit=5)
    if common.json:
        print_json({"project": project, "serves": serving.id if serving else None, "runs": runs})
        return
    out = console()
    rows = [
        ("title", project.title),
        ("owner", project.owner),
        ("template", f"{project.template} {project.template_version}"),
        ("answers", _told(project)),
        ("host", project.host),
        ("build repository", project.build_repository),
        ("deploy repository", project.deploy_repository),
        ("approvers", ", ".join(project.approvers) or "everybody"),
        ("four eyes", "yes" if project.four_eyes else "no"),
        ("retrain", project.retrain),
        ("serves", serving.id if serving else "no version is approved yet"),
    ]
    out.print(table(("", project.name), rows))
    out.print(table(("last runs", "status"), [(run.id, str(run.status)) for run in runs]))
    for line in _unfinished([under_way] if under_way else []):
        out.print(line)


def _answers(words: tuple[str, ...], *, core: bool) -> dict[str, str]:
    """What the template is answered."""
    answers = pairs(words, "--answer", example="shape=core")
    for question in ("title", "owner"):
        if question in answers:
            raise UsageError(f"--answer {question}=… has an option of its own.", do=f"Use --{question}.")
    if core:
        if answers.get("shape", "core") != "core":
            raise UsageError(
                f"--core and --answer shape={answers['shape']} contradict each other.", do="Give one of them."
            )
        answers["shape"] = "core"
    return answers


def _told(project: Project) -> str:
    """The answers that the other rows do not show."""
    others: dict[str, Any] = {
        question: answer for question, answer in project.answers.items() if question not in ("title", "owner")
    }
    return ", ".join(f"{question} {answer}" for question, answer in others.items()) or "the template's own"


def _unfinished(under_way: Iterable[Undertaking]) -> list[Text]:
    """A line for everything that is not finished."""
    return [
        Text.assemble(
            ("\nunfinished ", "yellow"),
            (one.project, "bold"),
            f": its {'creation' if one.what == 'create' else 'deletion'} {one.began}. {_ways(one)}",
        )
        for one in under_way
    ]


def _ways(one: Undertaking) -> str:
    if one.what == "delete":
        return f"Finish it: spalje project delete {one.project}"
    return f"Give the same `spalje project create` again, or undo it: spalje project delete {one.project}"
