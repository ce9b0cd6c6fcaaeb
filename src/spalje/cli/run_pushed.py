"""``spalje run pushed``: what Git's hook calls after a push to a repository in the workspace."""

import sys
from typing import Literal

from spalje.ci.push import pushed_branches
from spalje.cli.options import Common, person
from spalje.registry.ci_job import Job, JobStatus
from spalje.workspace import Workspace

_DOING = {
    "tests": "tests",
    "build": "tests, then the build",
    "compile": "tests, then the recipe",
}


def pushed(*, project: str, repository: Literal["build", "deploy"], common: Common = Common()) -> None:
    """Take what Git says about a push on standard input, and queue what it asks for.

    Args:
        project: the project.
        repository: build or deploy.
    """
    workspace = common.open()
    branches = tuple(pushed_branches(sys.stdin))
    if not branches:
        return
    for job in workspace.ci.queue.push(project, repository, branches, person()):
        print(f"spalje: {_said(workspace, job)}")  # noqa: T201


def _said(workspace: Workspace, job: Job) -> str:
    """A job in one line, as the person who pushed reads it among what Git says."""
    commit = job.commit[:10]
    if job.status is JobStatus.SKIPPED:
        return f"nothing is done about {commit}: {job.said}"
    if job.run is None:
        follow = f"follow it with: spalje ci watch {job.sequence}"
        return f"job {job.sequence} queued on {commit} ({_DOING[job.what]}); {follow}"
    run = workspace.metadata.runs.get(job.run)
    if run.status.ended:
        return f"{run.id} failed: {run.error}"
    return f"{run.id} queued on {commit} ({_DOING[job.what]}); follow it with: spalje run watch {run.id}"
