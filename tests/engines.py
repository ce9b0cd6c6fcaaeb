"""Container engines for tests: a stand-in that is always there, and the real one where it answers."""

import json
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from spalje.errors import BadInput
from spalje.execution.environment.container_engine import VARIABLE, engine

STAND_IN = Path(__file__).with_name("stand_in_engine.py")

#: A Linux with this very Python and nothing else: no registry is asked for anything.
BASE = f"localhost/spalje-tests-python:{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"

#: Podman where the kernel's control groups are of both versions at once, and limits cannot be raised.
APART = """#!/bin/sh
exec unshare --mount sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec {podman} "$@"' podman "$@"
"""
LIMITS = """
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
[engine]
cgroup_manager = "cgroupfs"
"""


@dataclass(frozen=True)
class Engine:
    """A container engine, and the variables by which Spaljé finds it.

    Attributes:
        real: whether its containers are containers.
        environ: the variables.
        base: an image with Python.
    """

    real: bool
    environ: dict[str, str]
    base: str
    place: Path

    def calls(self) -> list[dict]:
        """What the stand-in was asked."""
        return [json.loads(line) for line in (self.place / "calls.jsonl").read_text().splitlines()]

    def running(self) -> list[str]:
        """The names of Spaljé's containers that run."""
        if self.real:
            words = [self.environ[VARIABLE], "ps", "--format", "{{.Names}}", "--filter", "name=spalje-"]
            said = subprocess.run(
                words, env={**os.environ, **self.environ}, capture_output=True, text=True, check=True
            )
            return said.stdout.split()
        every = {path.name for path in self.place.glob("spalje-*") if not path.suffix}
        return sorted(name for name in every if not (self.place / f"{name}.code").exists())


def stand_in(folder: Path) -> Engine:
    """The stand-in, with nothing in it."""
    program = folder / "podman"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -S {STAND_IN} "$@"\n')
    program.chmod(0o755)
    (folder / "state").mkdir()
    environ = {VARIABLE: str(program), "CONTAINERS_STAND_IN": str(folder / "state")}
    return Engine(False, environ, "base", folder / "state")


def real(folder: Path) -> Engine | str:
    """The engine of this machine with an image that has Python; or why there is none."""
    why = "no container engine answers"
    for environ in _ways(folder):
        try:
            found = _asked(environ)
        except BadInput as error:
            why = str(error)
            continue
        everything = {**os.environ, **environ}
        if not found.has(BASE):
            _import(found.program, folder, everything)
        trial = [found.program, "run", "--rm", "--network=none", "--pull=never", BASE, "python", "-c", ""]
        tried = subprocess.run(trial, env=everything, capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return Engine(True, {**environ, VARIABLE: found.program}, BASE, folder)
        why = f"{found.program} starts no container here: {tried.stderr.strip()[-300:]}"
    return why


def _ways(folder: Path):
    """Variables by which an engine may work: as it is, and with podman apart from the machine's control groups."""
    yield {}
    podman = shutil.which("podman")
    if podman and os.getuid() == 0:
        program, limits = folder / "podman-apart", folder / "containers.conf"
        program.write_text(APART.format(podman=podman))
        program.chmod(0o755)
        files = min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        limits.write_text(LIMITS.format(files=files, processes=4096))
        yield {VARIABLE: str(program), "CONTAINERS_CONF": str(limits), "BUILDAH_ISOLATION": "chroot"}


def _asked(environ: dict[str, str]):
    before = dict(os.environ)
    os.environ.update(environ)
    try:
        return engine()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _import(program: str, folder: Path, environ: dict[str, str]) -> None:
    root = folder / "root"
    for name in ("tmp", "etc", "usr/bin"):
        (root / name).mkdir(parents=True)
    python, stdlib = Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib"))
    leave = shutil.ignore_patterns(
        "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "config-*", "ensurepip",
        "__pycache__", "lib2to3", "pydoc_data", "turtledemo", "unittest",
    )  # fmt: skip
    shutil.copytree(stdlib, root / stdlib.relative_to("/"), ignore=leave)
    (root / python.parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
    shutil.copy(python, root / python.relative_to("/"))
    (root / "usr/bin/python").symlink_to(python)
    for linked in (python, *stdlib.glob("lib-dynload/*.so")):
        for line in subprocess.run(
            ["ldd", linked], capture_output=True, text=True, check=False
        ).stdout.splitlines():
            path = next((word for word in line.split() if word.startswith("/")), None)
            if path and not (target := root / path.removeprefix("/")).exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
    subprocess.run(["tar", "--create", "--file", folder / "root.tar", "--directory", root, "."], check=True)
    subprocess.run(
        [program, "import", "--change", "ENV PATH=/usr/bin", folder / "root.tar", BASE],
        env=environ,
        check=True,
        capture_output=True,
    )
    shutil.rmtree(root)
