"""Recipes compiled at a commit, each once."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import small_project

from spalje.pipeline import compile as compiling
from spalje.workspace import Workspace

THREADS = 8


def test_threads_that_need_the_same_recipe_do_not_trip_over_each_other(tmp_path: Path, monkeypatch):
    small_project.create(tmp_path)
    definitions = compiling.compile_recipe(tmp_path / "clone", (sys.executable,))
    together = Barrier(THREADS)

    def compiled(*_: object, **__: object):
        together.wait()
        return definitions

    monkeypatch.setattr(compiling, "compile_recipe", compiled)
    for turn in range(20):
        workspace = Workspace.create(tmp_path / f"turn-{turn}")
        commit = workspace.code.checkout(str(tmp_path / "workspace" / "git" / "small-build.git"), "main")
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(workspace.code.definitions, [commit] * THREADS))
        assert found == [definitions] * THREADS
        assert [path.name for path in (workspace.folder / "sources").iterdir() if path.suffix == ".json"]
