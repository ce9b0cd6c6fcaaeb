"""A library with two versions that do not go together, a place to install it from, and repositories that lock it."""

import base64
import hashlib
import os
import subprocess
import sys
import textwrap
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from spalje.registry.project import Project
from spalje.workspace import Workspace, now

#: What each version offers, and the other does not.
VERSIONS = {"1.0": "def sweep(): return 'swept with 1.0'", "2.0": "def brush(): return 'brushed with 2.0'"}


def wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel, written by hand."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        record = []
        for file, text in files.items():
            archive.writestr(file, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record.append(f"{file},sha256={digest},{len(text.encode())}")
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,", ""]))
    return path


@dataclass(frozen=True)
class Index:
    """A folder of wheels: both versions of kvast; and ``arrow``, by which environments find our pyarrow and no Spaljé."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> "Index":
        packages = folder / "packages"
        packages.mkdir(parents=True)
        site = Path(pa.__file__).parents[1]
        for found in (*site.glob("pyarrow*"), *site.glob("numpy*")):
            (packages / found.name).symlink_to(found)
        wheel(folder, "arrow", "1.0", {"arrow.pth": f"{packages}\n"})
        for version, code in VERSIONS.items():
            wheel(folder, "kvast", version, {"kvast.py": f"{code}\n"})
        return cls(folder)

    @property
    def environ(self) -> dict[str, str]:
        """Variables by which uv uses nothing else."""
        return {"UV_CACHE_DIR": str(self.folder / "cache"), "UV_OFFLINE": "1"}

    def pyproject(self, *needs: str, dev: tuple[str, ...] = ()) -> str:
        """A pyproject.toml that needs these packages."""
        return textwrap.dedent(f"""
            [project]
            name = "it"
            version = "0"
            requires-python = ">=3.11"
            dependencies = {list(needs)}

            [dependency-groups]
            dev = {list(dev)}

            [tool.uv]
            no-index = true
            find-links = ["{self.folder}"]
            package = false
        """).lstrip()

    def lock(self, repository: Path, *needs: str, dev: tuple[str, ...] = ()) -> None:
        """Write pyproject.toml and have uv write uv.lock."""
        (repository / "pyproject.toml").write_text(self.pyproject(*needs, dev=dev))
        subprocess.run(
            [Path(sys.executable).with_name("uv"), "lock", "--quiet", "--python", sys.executable],
            cwd=repository,
            env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **self.environ},
            check=True,
        )


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=Nils", "-c", "user.email=nils@example.org", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


SPALJE_TOML = """
[project]
name = "{name}"
environment = "{environment}"

[problem]
type = "regression"
target = "y"
features = ["x"]
keys = ["id"]
"""


@dataclass(frozen=True)
class Repository:
    """A project's only repository, and a clone of it."""

    name: str
    clone: Path
    bare: Path

    @classmethod
    def create(cls, workspace: Workspace, folder: Path, name: str, environment: str) -> "Repository":
        clone, bare = folder / f"{name}-clone", workspace.folder / "git" / f"{name}-build.git"
        clone.mkdir()
        bare.parent.mkdir(exist_ok=True)
        git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", str(bare))
        git(clone, "init", "--quiet", "--initial-branch", "main")
        git(clone, "remote", "add", "origin", str(bare))
        (clone / "spalje.toml").write_text(SPALJE_TOML.format(name=name, environment=environment))
        workspace.metadata.projects.create(
            Project(
                name=name, title=name, owner="tests", template="none", template_version="0",
                build_repository=str(bare), deploy_repository=str(bare), approvers=(), four_eyes=False,
                retrain="propose", created_at=now(), created_by="tests",
            )
        )  # fmt: skip
        return cls(name, clone, bare)

    def write(self, files: dict[str, str]) -> "Repository":
        for file, text in files.items():
            path = self.clone / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
        return replace(self)

    def push(self) -> str:
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--message", "Change")
        git(self.clone, "push", "--quiet", "origin", "main")
        return git(self.clone, "rev-parse", "HEAD")
