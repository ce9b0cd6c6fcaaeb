"""A workspace with a tiny template that gets new versions, and projects made from it whose teams change things."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from command import Command

from spalje.project import git
from spalje.project.creation.first_commit import ROLES
from spalje.project.git import Author
from spalje.project.hook import Role
from spalje.project.update.fleet import ProjectUpdate
from spalje.project.update.repository_update import RepositoryUpdate
from spalje.registry.project import Project
from spalje.workspace import Workspace, now

ADA = "Ada Lovelace <ada@example.org>"
BO = Author("Bo Ek", "bo@example.org")

LINES = "".join(f"line {number}\n" for number in range(20))

QUESTIONS = """\
_subdirectory: "{{ repository }}"
_answers_file: .copier-answers.yml
project: {type: str}
repository: {type: str, choices: [build, deploy]}
template: {type: str, default: tiny}
template_version: {type: str, default: "0"}
title: {type: str, default: "{{ project }}"}
owner: {type: str, default: nobody}
shape: {type: str, default: pipeline, choices: [pipeline, core]}
environment: {type: str, default: current, choices: [current, uv, container]}
"""


def edited(number: int, text: str = "changed", lines: str = LINES) -> str:
    return lines.replace(f"line {number}\n", f"{text}\n")


class TemplatePlace:
    """A workspace in a folder; what is in the folder already is taken as it is."""

    def __init__(self, folder: Path, *, announced: bool = False) -> None:
        self.folder, self.announced = folder, announced
        known = (folder / "workspace").is_dir()
        self.workspace = Workspace.create(folder / "workspace")
        self.spalje = Command(self.workspace.folder, folder)
        self.template = folder / "tiny"
        if known:
            return
        self.version(
            "1.0.0",
            {
                "build/README.md.jinja": "# {{ title }} of {{ owner }}\n",
                "build/pipeline.py": LINES,
                "build/src/train.py": LINES + "train\n",
                "build/src/features.py": LINES + "features\n",
                "deploy/pipeline.py": LINES + "deploy\n",
            },
        )
        (self.workspace.folder / "catalog.toml").write_text(f'[templates.tiny]\nsource = "{self.template}"\n')

    def version(
        self, version: str, files: Mapping[str, str | None], *, changelog: str = "", questions: str = ""
    ) -> None:
        """Make the template another version of itself; a file that is None is deleted."""
        write(self.template, files)
        card = f'description = "A tiny one."\nowner = "Platform"\nversion = "{version}"\n'
        write(
            self.template,
            {"template.toml": card, "copier.yml": QUESTIONS + questions, "CHANGELOG.md": changelog},
        )

    def project(self, name: str = "fresh", owner: str = "ada", host: str = "embedded") -> None:
        self.workspace.projects.create(
            Project(
                name=name, title=name.capitalize(), owner=owner, template="tiny", template_version="",
                build_repository="", deploy_repository="", approvers=(), four_eyes=False, retrain="propose",
                created_at=now(), created_by=ADA, host=host,
            ),
            ADA,
        )  # fmt: skip
        for role in ROLES if not self.announced else ():  # what a push starts has tests of its own
            (self.bare(name, role) / "hooks" / "post-receive").unlink(missing_ok=True)

    def bare(self, name: str = "fresh", role: Role = "build") -> Path:
        return self.workspace.folder / "git" / f"{name}-{role}.git"

    def commit(
        self,
        files: Mapping[str, str | None],
        name: str = "fresh",
        role: Role = "build",
        *,
        branch: str = "main",
        start: str = "",
    ) -> str:
        """What a team commits and pushes."""
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        git.clone(str(self.bare(name, role)), work)
        run(work, "checkout", "--quiet", "-B", branch, f"origin/{start or branch}")
        write(work, files)
        sha = git.commit_all(work, "What we need", BO)
        git.push(work, branch=branch)
        return sha

    def updated(
        self, name: str = "fresh", to: str | None = None, *, dry: bool = False, **given: object
    ) -> ProjectUpdate:
        template = self.workspace.projects.template("tiny", to)
        updater = self.workspace.projects.updater(ADA, dry=dry)
        project = self.workspace.metadata.projects.get(name)
        return ProjectUpdate(name, tuple(updater.update(project, role, template, given) for role in ROLES))

    def build(
        self, name: str = "fresh", to: str | None = None, *, dry: bool = False, **given: object
    ) -> RepositoryUpdate:
        """The update of the build repository alone."""
        template = self.workspace.projects.template("tiny", to)
        project = self.workspace.metadata.projects.get(name)
        return self.workspace.projects.updater(ADA, dry=dry).update(project, "build", template, given)

    def files(self, ref: str, name: str = "fresh", role: Role = "build") -> dict[str, str]:
        bare = self.bare(name, role)
        listed = run(bare, "ls-tree", "-r", "-z", "--name-only", ref).split("\0")
        return {path: run(bare, "cat-file", "blob", f"{ref}:{path}") for path in listed if path}

    def merge(self, branch: str, name: str = "fresh", role: Role = "build", *, squash: bool = False) -> None:
        """Merge an update into main, as a person does."""
        work = self.folder / "merging"
        shutil.rmtree(work, ignore_errors=True)
        git.clone(str(self.bare(name, role)), work)
        if squash:
            run(work, "merge", "--quiet", "--squash", f"origin/{branch}")
            git.commit_all(work, "Squashed", BO)
        else:
            run(work, "merge", "--quiet", "--no-ff", "--no-edit", f"origin/{branch}")
        git.push(work)

    def open(self, name: str = "fresh", role: Role = "build"):
        return self.workspace.projects.host("embedded").pull_requests(f"{name}-{role}")


def write(folder: Path, files: Mapping[str, str | None]) -> None:
    for path, text in files.items():
        file = folder / path
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


def run(folder: Path, *words: str) -> str:
    person = ["-c", "user.name=Bo Ek", "-c", "user.email=bo@example.org"]
    done = subprocess.run(
        ["git", *person, *words], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout
