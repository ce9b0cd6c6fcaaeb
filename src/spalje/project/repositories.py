"""Creating a project's repositories: rendered, committed and published whole, or taken up again."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from spalje.errors import UsageError
from spalje.project import git
from spalje.project.catalog import Template, check_name
from spalje.project.git import Author
from spalje.project.git_hosts.embedded import EmbeddedHost
from spalje.project.hook import HookSpec, Role
from spalje.project.template import render

ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class ProjectRepositories:
    """Where a project is.

    Attributes:
        build_repository: what ``git clone`` takes for the code that builds models.
        deploy_repository: the same for the code that runs them.
        clones: working folders, the build repository's first; none where none were asked for.
    """

    build_repository: str
    deploy_repository: str
    clones: tuple[Path, ...]


def create_project(
    name: str,
    template: Template,
    host: EmbeddedHost,
    *,
    answers: Mapping[str, str],
    author: Author,
    hook: HookSpec,
    clone_into: Path | None = None,
    record: Callable[[ProjectRepositories], None] | None = None,
) -> ProjectRepositories:
    """Create a project's build and deploy repository from a template.

    Both are rendered and committed aside, then moved to the host. A creation that was interrupted
    is taken up by the next call with the same name. What is created does not start a build.

    Args:
        name: the project's name.
        template: what to render.
        host: where the repositories go.
        answers: the ``title`` and ``owner``.
        author: who the first commit is by.
        hook: what every later push calls.
        clone_into: a folder for clones ``<name>-build`` and ``<name>-deploy``; None: no clones.
        record: called when everything is there and before the creation counts as finished; an
            interrupted creation may call it again.

    Raises:
        UsageError: the name is not allowed or taken, or a clone's folder is there already.
        BadInput: the template cannot be rendered, or Git failed.
    """
    check_name("project", name)
    repositories = {role: f"{name}-{role}" for role in ROLES}
    folders = [clone_into / repository for repository in repositories.values()] if clone_into else []
    with _alone(host.staging):
        ready = host.staging / name
        taken = [repository for repository in repositories.values() if host.has(repository)]
        if taken and not ready.is_dir():
            raise UsageError(
                f"There is already a project '{name}': {host.url(taken[0])}.",
                do="Choose another name; what is there is never overwritten.",
            )
        build, deploy = (host.url(repository) for repository in repositories.values())
        for folder, url in zip(folders, (build, deploy), strict=False):
            if folder.exists() and not (taken and git.origin(folder) == url):
                raise UsageError(
                    f"There is already a folder {folder}.",
                    do="Move it, or name another folder for the clones.",
                )
        if not taken:
            _prepare(name, template, answers, author, ready)
        for role, repository in repositories.items():
            if not host.has(repository):
                host.publish(repository, ready / f"{role}.git", hook.words(name, role))
        for folder, url in zip(folders, (build, deploy), strict=False):
            if not folder.exists():
                _clone(url, folder)
        made = ProjectRepositories(build, deploy, tuple(folders))
        if record is not None:
            record(made)
        shutil.rmtree(ready)
    return made


@contextmanager
def _alone(staging: Path) -> Iterator[None]:
    """Be the only process that creates projects on this host; released however this process ends."""
    staging.mkdir(parents=True, exist_ok=True)
    with (staging / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prepare(name: str, template: Template, answers: Mapping[str, str], author: Author, ready: Path) -> None:
    """Both bare repositories with their first commit; ``ready`` is there only when they are complete."""
    shutil.rmtree(ready, ignore_errors=True)
    for left in ready.parent.glob(".*"):  # by creations that were interrupted before this point
        shutil.rmtree(left, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=".", dir=ready.parent))
    try:
        for role in ROLES:
            work, bare = aside / role, aside / f"{role}.git"
            render(template, name, role, answers, work)
            git.start(work)
            git.commit_all(work, f"Start from template {template.name} {template.version}", author)
            git.init_bare(bare)
            git.push(work, str(bare))
            shutil.rmtree(work)
        aside.rename(ready)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _clone(url: str, folder: Path) -> None:
    """Clone aside and rename, so that a folder of that name is a whole clone."""
    aside = folder.with_name(f".{folder.name}.cloning")
    shutil.rmtree(aside, ignore_errors=True)  # of a creation that was interrupted here
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        git.clone(url, aside)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
