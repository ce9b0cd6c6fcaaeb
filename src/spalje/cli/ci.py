"""``spalje ci``: what is done about pushes and approvals, job by job."""

import signal
import time
from datetime import datetime
from typing import NoReturn

from cyclopts import App
from rich.text import Text

from spalje.cli.options import Common
from spalje.cli.output import coloured, console, print_json, table
from spalje.errors import BadInput
from spalje.registry.ci_job import Job, JobStatus
from spalje.workspace import Workspace

app = App(name="ci", help="Jobs of CI: list, show, watch, read logs.")


@app.command(name="list")
def list_(*, project: str | None = None, limit: int = 20, common: Common = Common()) -> None:
    """The latest jobs, newest first: one for each pushed branch and each decision about a version.

    Args:
        project: only this project's.
        limit: how many.
    """
    workspace = common.open()
    if project is not None:
        workspace.metadata.projects.get(project)
    jobs = workspace.metadata.jobs.list(project, limit)
    if common.json:
        print_json(jobs)
        return
    out = console()
    rows = [
        (
            job.sequence,
            job.run or f"{job.project} {job.what}",
            f"{job.repository} {job.branch}",
            job.commit[:10],
            coloured(job.status),
            f"{job.ordered_at:%m-%d %H:%M:%S}",
        )
        for job in jobs
    ]
    heads = ("job", "about", "branch", "commit", "status", "ordered (UTC)")
    out.print(table(heads, rows, cut="branch"))
    for name in sorted({job.project for job in workspace.metadata.jobs.open(project)}):
        if workspace.ci.queue.worker(name) is None:
            out.print(
                Text(f"Nobody works on the jobs of {name}: spalje ci work --project {name}", style="yellow")
            )


@app.command
def show(job: int, *, common: Common = Common()) -> None:
    """A job: what it is about, how far it is, how it ended.

    Args:
        job: its number.
    """
    workspace = common.open()
    found = workspace.metadata.jobs.get(job)
    if common.json:
        print_json(found)
        return
    _print(workspace, found)


@app.command
def log(job: int, *, common: Common = Common()) -> None:
    """What the repository's tests printed in a job.

    Args:
        job: its number.
    """
    workspace = common.open()
    found = workspace.metadata.jobs.get(job)
    path = workspace.ci.worker.log_of(found)
    if not path.is_file():
        raise BadInput(f"Job {job} has printed nothing: it is {found.status}. {found.said}".rstrip())
    print(path.read_text(encoding="utf-8", errors="replace"), end="")  # noqa: T201


@app.command
def watch(job: int, *, common: Common = Common()) -> int:
    """Wait until a job has ended.

    Args:
        job: its number.
    """
    workspace = common.open()
    found = workspace.metadata.jobs.get(job)
    if not found.status.ended:
        workspace.ci.queue.see_to(found.project)
    with console().status(f"job {job}: {found.what} of {found.commit[:10]}"):
        while not found.status.ended:
            time.sleep(0.2)
            found = workspace.metadata.jobs.get(job)
    if common.json:
        print_json(found)
    else:
        _print(workspace, found)
    return 1 if found.status is JobStatus.FAILED else 0


@app.command(show=False)
def work(*, project: str, common: Common = Common()) -> None:
    """Do the jobs of a project until there are none, then those of others that wait for a worker.

    What somebody else does already is left to them.
    Pushes start it by themselves. By hand it takes up what a machine left that went down.

    Args:
        project: the project.
    """
    workspace = common.open()
    workspace.metadata.projects.get(project)
    signal.signal(signal.SIGTERM, _stop)
    ended = workspace.ci.worker.serve(project)
    if common.json:
        print_json({"project": project, "ended": ended})
        return
    other = workspace.ci.queue.worker(project)
    at_work = f"; {other} works on the others" if other else ""
    console().print(f"{ended} job{'' if ended == 1 else 's'} of {project} ended here{at_work}.")


def _stop(*_: object) -> NoReturn:
    """Stop as for Ctrl-C: users' processes are ended, leases given back, and the job waits for the next worker."""
    raise KeyboardInterrupt


def _print(workspace: Workspace, job: Job) -> None:
    out = console()
    out.print(Text.assemble((f"job {job.sequence}", "bold"), " ", coloured(job.status)))
    log = workspace.ci.worker.log_of(job)
    facts = {
        "what": f"{job.what} of {job.project}, repository {job.repository}",
        "branch": job.branch,
        "commit": job.commit,
        "ordered by": job.ordered_by,
        "ordered": _at(job.ordered_at),
        "started": _at(job.started_at),
        "ended": _at(job.ended_at),
        "run": f"{job.run}  (spalje run show {job.run})" if job.run else "–",
        "log": f"spalje ci log {job.sequence}" if log.is_file() else "–",
    }
    for name, value in facts.items():
        out.print(Text.assemble((f"  {name:14}", "dim"), value), soft_wrap=True)
    if job.said:
        out.print(Text(f"\n{job.said}"))


def _at(when: datetime | None) -> str:
    return "–" if when is None else f"{when:%Y-%m-%d %H:%M:%S} UTC"
