"""Rendering the shipped templates as Copier itself does, every shape and problem of them."""

import os
import subprocess
import sys
from functools import cache
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import demo_environment
from copier import Settings, run_copy

from spalje.project.template.catalog import shipped

TEMPLATES = ("bring-your-own", "classification", "forecasting", "regression")
ROLES = ("build", "deploy")
SHAPES = ("pipeline", "core")

#: every template, with every shape and problem
VARIANTS = [
    (name, {"shape": shape, **more})
    for name, shape in product(TEMPLATES, SHAPES)
    for more in (({"problem": "binary"}, {"problem": "multiclass"}) if name == "classification" else ({},))
]


def label(variant: tuple[str, dict[str, str]]) -> str:
    """What a variant is called: ``classification-core-binary``."""
    return "-".join([variant[0], *variant[1].values()])


def render(name: str, role: str, answers: dict[str, str], folder: Path, project: str = "lemonade") -> Path:
    """Render one repository of a project; returns its folder."""
    told = {"project": project, "repository": role, "template": name, "template_version": "1.2.3", **answers}
    run_copy(
        str(shipped() / name), folder, data=told, defaults=True, quiet=True, unsafe=False, settings=Settings()
    )
    return folder


@cache
def interpreter_environ() -> dict[str, str]:
    """The environment of a user's program: small, and with threads that do not fight."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def python(*words: object, cwd: Path, **environ: str) -> str:
    """Run a Python program as a template's user does, with what the demo needs; what it printed. It must succeed."""
    ended = subprocess.run(
        [demo_environment.python(), *map(str, words)], cwd=cwd, env={**interpreter_environ(), **environ},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    return ended.stdout
