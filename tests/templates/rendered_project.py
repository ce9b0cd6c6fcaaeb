"""A workspace with the project ``lemonade``, made of rendered repositories. Also a program, for tests inside Airflow."""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from small_project import git
from variants import ROLES, VARIANTS, label, render

from spalje.registry.project import Project
from spalje.workspace import Workspace, now


def make(folder: Path, repositories: dict[str, Path]) -> Path:
    """Make it in a folder, with a clone of each repository beside it; returns the workspace."""
    workspace = Workspace.create(folder / "workspace")
    bare = {}
    for role, files in repositories.items():
        clone = folder / role
        if files != clone:
            shutil.copytree(files, clone)
        git(clone, "init", "--quiet", "--initial-branch", "main")
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--message", "Begin")
        bare[role] = workspace.folder / "git" / f"lemonade-{role}.git"
        bare[role].parent.mkdir(exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", "--bare", str(clone), str(bare[role])], check=True)
    workspace.metadata.projects.create(
        Project(
            name="lemonade", title="Lemonade", owner="tests", template="none", template_version="0",
            build_repository=str(bare["build"]), deploy_repository=str(bare["deploy"]),
            approvers=(), four_eyes=False, retrain="propose", created_at=now(), created_by="tests",
        )
    )  # fmt: skip
    workspace.metadata.close()
    return workspace.folder


def main(folder: Path, variant: str) -> None:
    """Render a variant and make it; or, when it is ``all``, render the deploy repository of every one."""
    variants = {label(each): each for each in VARIANTS}
    for name in variants if variant == "all" else ():
        render(variants[name][0], "deploy", variants[name][1], folder / name)
    if variant != "all":
        name, answers = variants[variant]
        make(folder, {role: render(name, role, answers, folder / role) for role in ROLES})


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
