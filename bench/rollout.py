"""How long it takes to bring a newer template to fifty projects: seconds of the one command that does it.

Fifty projects are made from the shipped forecasting template and some of them changed, as teams do; then the template
gets a newer version, and ``spalje template rollout`` proposes it to all of them: a hundred pull requests.

CI is kept out of ``rollout_50_s``. ``rollout_50_queued_s`` is the same with pushes announced: a hundred jobs queued,
and workers do them on the same processors meanwhile; the jobs compile, and have no tests to run.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from spalje.project import git
from spalje.project.creation.first_commit import ROLES
from spalje.project.git import Author
from spalje.project.template.catalog import shipped
from spalje.registry.project import Project
from spalje.workspace import Workspace, now

PROJECTS = 50
_ADA = "Ada Lovelace <ada@example.org>"


@dataclass(frozen=True)
class Rollout:
    """A rollout, timed.

    Attributes:
        projects: how many.
        rollout_s: seconds of the command.
        again_s: seconds of the same command given again, which finds everything proposed.
        status_s: seconds of ``spalje project status``.
        counts: projects by outcome.
    """

    projects: int
    rollout_s: float
    again_s: float
    status_s: float
    counts: dict[str, int]


def rollout(folder: Path, projects: int = PROJECTS, *, announced: bool = False) -> Rollout:
    """Make projects in a folder, change every fifth in the line that the template will change, and roll out."""
    template = folder / "forecasting"
    shutil.copytree(shipped() / "forecasting", template)
    if announced:
        for role in ROLES:
            with (template / role / "spalje.toml.jinja").open("a") as file:
                file.write("\n[ci]\ntest = []\n")
    workspace = Workspace.create(folder / "workspace")
    _spalje(workspace, "template", "add", str(template), "--name", "ours")
    for number in range(projects):
        _project(workspace, f"project-{number:02}", announced=announced)
        if number % 5 == 0:
            _change(workspace, f"project-{number:02}", folder / "work")
    _newer(template)
    seconds, said = _spalje(workspace, "template", "rollout", "ours", "--json")
    again, _ = _spalje(workspace, "template", "rollout", "ours", "--json")
    status, _ = _spalje(workspace, "project", "status", "--json")
    while workspace.metadata.jobs.open():  # the workers need the folder
        time.sleep(0.2)
    return Rollout(projects, seconds, again, status, json.loads(said)["counts"])


def _project(workspace: Workspace, name: str, *, announced: bool) -> None:
    workspace.projects.create(
        Project(
            name=name, title=name, owner="ada", template="ours", template_version="", build_repository="",
            deploy_repository="", approvers=(), four_eyes=False, retrain="propose", created_at=now(), created_by=_ADA,
        ),
        _ADA,
    )  # fmt: skip
    for role in () if announced else ROLES:
        (workspace.folder / "git" / f"{name}-{role}.git" / "hooks" / "post-receive").unlink(missing_ok=True)


def _change(workspace: Workspace, name: str, work: Path) -> None:
    """Change a file of the build repository as its team might."""
    shutil.rmtree(work, ignore_errors=True)
    git.clone(str(workspace.folder / "git" / f"{name}-build.git"), work)
    recipe = work / "pipeline.py"
    recipe.write_text("# Ours.\n" + recipe.read_text())
    git.commit_all(work, "Say whose it is", Author.parse(_ADA))
    git.push(work)


def _newer(template: Path) -> None:
    """Another version: a changed recipe, a new file, a changelog."""
    card = template / "template.toml"
    card.write_text(card.read_text().replace('version = "0', 'version = "9', 1))
    recipe = template / "build" / "pipeline.py.jinja"
    recipe.write_text("# The platform team's.\n" + recipe.read_text())
    (template / "deploy" / "NEW.md").write_text("New.\n")
    (template / "CHANGELOG.md").write_text("# Changes\n\n## 9.1.0\n\n- A new file.\n")


def _spalje(workspace: Workspace, *words: str) -> tuple[float, str]:
    environ = {**os.environ, "SPALJE_WORKSPACE": str(workspace.folder), "SPALJE_USER": _ADA}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "spalje", *words], env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 4}:
        raise SystemExit(done.stderr)
    return time.perf_counter() - start, done.stdout


def figures(folder: Path, projects: int = PROJECTS) -> dict[str, float]:
    """The figures that are published, see above; and ``rollout_again_s``, ``status_50_s``."""
    done, queued = (_sound(folder, projects, announced=announced) for announced in (False, True))
    return {
        f"rollout_{projects}_s": round(done.rollout_s, 2),
        "rollout_again_s": round(done.again_s, 2),
        f"status_{projects}_s": round(done.status_s, 2),
        f"rollout_{projects}_queued_s": round(queued.rollout_s, 2),
    }


def _sound(folder: Path, projects: int, *, announced: bool) -> Rollout:
    """A rollout in which every project was updated as expected."""
    place = folder / ("announced" if announced else "quiet")
    place.mkdir()
    done = rollout(place, projects, announced=announced)
    expected = {"conflicts": -(-projects // 5), "proposed": projects - -(-projects // 5)}
    if {name: count for name, count in done.counts.items() if count} != {
        k: v for k, v in expected.items() if v
    }:
        raise SystemExit(f"not every project was updated as expected: {done.counts}")
    return done


def main() -> int:
    """Measure, and print the figures as the last line."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="spalje-bench-") as place:
        found = figures(Path(place))
    python = platform.python_version()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {python}, load {load:.1f} before"
    print(machine)
    print(json.dumps({"bench": "rollout", "figures": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
