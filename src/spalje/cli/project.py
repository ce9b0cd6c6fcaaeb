"""``spalje project``: one use case each, made from a template as two Git repositories."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.text import Text

from spalje.cli.options import Common, person
from spalje.cli.output import console, print_json, table
from spalje.project.catalog import check_name
from spalje.registry.project import Project
from spalje.workspace import Workspace, now

app = App(name="project", help="Projects: create one from a template, list them, see what one is made of.")


@app.command
def create(
    name: str,
    *,
    template: str = "forecasting",
    into: Path | None = None,
    title: str | None = None,
    owner: str | None = None,
    approver: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    four_eyes: Annotated[bool, Parameter(negative="")] = False,
    retrain: Literal["auto", "propose", "never"] = "propose",
    common: Common = Common(),
) -> None:
    """Create a project: a build and a deploy repository with seed code, recipes, tests and CI.

    Args:
        name: lowercase letters, digits and hyphens, for example fresh-produce.
        template: what to create it from; see `spalje template list`.
        into: also clone both repositories into this folder.
        title: the project's name for people; default: made from the name.
        owner: who answers for it; default: you.
        approver: a person who may approve model versions; may be repeated; nobody named: everybody may.
        four_eyes: the approver must not be the author of the commit.
        retrain: what a decision to retrain does: start a build by itself, propose it, or nothing.
    """
    check_name("project", name)
    workspace = Workspace.create(common.folder)
    wanted = Project(
        name=name,
        title=title or name.replace("-", " ").capitalize(),
        owner=owner or person(),
        template=template,
        template_version="",
        build_repository="",
        deploy_repository="",
        approvers=approver,
        four_eyes=four_eyes,
        retrain=retrain,
        created_at=now(),
        created_by=person(),
    )
    project, clones = workspace.create_project(wanted, author=person(), into=into)
    if common.json:
        print_json({"project": project, "clones": [str(clone) for clone in clones]})
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
    rows += [("clone", str(clone)) for clone in clones]
    rows += [("workspace", str(workspace.folder))]
    out.print(table(("what", "where"), rows))
    where = clones[0] if clones else f"a clone of {project.build_repository}"
    out.print(f"\nNext: change src/ in {where}, commit, and `git push`: every push to main starts a build.")
    out.print(f"Or build what is there now: spalje run start build --project {project.name}")


@app.command(name="list")
def list_(*, common: Common = Common()) -> None:
    """The projects of the workspace."""
    projects = common.open().metadata.projects.all()
    if common.json:
        print_json(projects)
        return
    console().print(
        table(
            ("project", "title", "owner", "template", "retrain"),
            [(p.name, p.title, p.owner, f"{p.template} {p.template_version}", p.retrain) for p in projects],
        )
    )


@app.command
def show(name: str, *, common: Common = Common()) -> None:
    """A project: its repositories, roles, versions and last runs.

    Args:
        name: the project.
    """
    workspace = common.open()
    project = workspace.metadata.projects.get(name)
    serving = workspace.metadata.versions.latest_approved(name)
    runs = workspace.metadata.runs.list(project=name, limit=5)
    if common.json:
        print_json({"project": project, "serves": serving.id if serving else None, "runs": runs})
        return
    out = console()
    rows = [
        ("title", project.title),
        ("owner", project.owner),
        ("build repository", project.build_repository),
        ("deploy repository", project.deploy_repository),
        ("approvers", ", ".join(project.approvers) or "everybody"),
        ("four eyes", "yes" if project.four_eyes else "no"),
        ("retrain", project.retrain),
        ("serves", serving.id if serving else "no version is approved yet"),
    ]
    out.print(table(("", project.name), rows))
    out.print(table(("last runs", "status"), [(run.id, str(run.status)) for run in runs]))
