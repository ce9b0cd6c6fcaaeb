"""Environments made by uv: made once, whole or not at all, kept while they are used."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kvast import Index

from spalje.errors import BadInput, NotFound, StepFailed
from spalje.execution.environment import resolve
from spalje.model.program import Program

#: A program called uv that writes down when it begins and ends, and waits in between for as long as it is told.
UV = """#!/bin/sh
echo begin >> "$UV_TOLD"
while [ -e "$UV_WAIT" ]; do sleep 0.02; done
"{uv}" "$@" || exit 1
env > "$UV_TOLD.environ"
echo end >> "$UV_TOLD"
"""

MAKE = """
import sys
from pathlib import Path
from spalje.execution.environment import resolve
resolve("uv", Path(sys.argv[1]), Path(sys.argv[2])).make(lambda line: print(line, flush=True))
"""


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """An index, and a repository whose lock needs kvast 1.0, and 2.0 for nothing but its tests."""
    index = Index.create(tmp_path_factory.mktemp("index"))
    repository = tmp_path_factory.mktemp("repository")
    index.lock(repository, "arrow", dev=("kvast==1.0",))
    return index, repository


@pytest.fixture
def uv(tmp_path, monkeypatch, locked):
    """A uv that tells what it does; the file while which it waits."""
    index, _ = locked
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    program.write_text(UV.format(uv=Path(sys.executable).with_name("uv")))
    program.chmod(0o755)
    variables = {
        **index.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "UV_TOLD": str(tmp_path / "told"),
        "UV_WAIT": str(tmp_path / "wait"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "wait"


def told(folder):
    return (folder / "told").read_text().split()


def asked(locked, folder):
    """A process of its own that asks for the environment; and what it says."""
    said = folder.with_name(f"said{len(list(folder.parent.glob('said*')))}")
    words = [sys.executable, "-c", MAKE, str(locked[1]), str(folder)]
    with said.open("w") as out:
        return subprocess.Popen(words, stdout=out), said


def until(true):
    """Wait for something to come true; the test's own time limit is the end of that."""
    tick = threading.Event()
    while not true():
        tick.wait(0.01)


def run(environment, code):
    with environment.command(Program(("-c", code), Path.cwd())) as command:
        return subprocess.run(
            command.words, env=dict(command.environ), capture_output=True, text=True, check=False
        )


def test_eight_processes_that_ask_at_once_make_it_once(tmp_path, locked, uv):
    uv.touch()
    processes = [asked(locked, tmp_path / "kept") for _ in range(8)]
    until(lambda: all(said.read_text() for _, said in processes))  # all of them ask
    uv.unlink()
    assert [process.wait() for process, _ in processes] == [0] * 8
    assert told(tmp_path) == ["begin", "end"]


def test_killed_in_the_middle_it_is_made_anew_once_what_was_left_has_ended(tmp_path, locked, uv):
    uv.touch()
    first, _ = asked(locked, tmp_path / "kept")
    until((tmp_path / "told").exists)
    first.kill()
    first.wait()
    environment = resolve("uv", locked[1], tmp_path / "kept")
    assert environment.store.made(environment.key) is None
    rubbish = environment.store.home(environment.key) / "rubbish"
    rubbish.touch()
    second, said = asked(locked, tmp_path / "kept")
    until(said.read_text)  # it asks; the first one's uv, which lives on, holds the lock
    assert environment.store.all()[0].in_use
    uv.unlink()
    assert second.wait() == 0
    assert told(tmp_path) == ["begin", "end", "begin", "end"]
    assert not rubbish.exists()
    assert run(environment, "import pyarrow").returncode == 0


def test_what_is_used_is_not_collected_and_what_is_not_is(tmp_path, locked, uv):
    environment = resolve("uv", locked[1], tmp_path / "kept")
    store, late = environment.store, datetime.now(UTC) + timedelta(days=1)
    hours = timedelta(hours=12)
    with environment.command(Program(("-V",), tmp_path)):
        (kept,) = store.all()
        assert kept.in_use
        assert store.collect(hours, late, lambda _: True) == ()
    assert not store.all()[0].in_use
    assert store.collect(timedelta(days=2), late, lambda _: True) == ()
    assert store.collect(hours, late, lambda _: False) == ()
    assert len(store.collect(hours, late, lambda _: True, dry=True)) == 1
    assert run(environment, "import pyarrow").returncode == 0
    assert len(store.collect(hours, late, lambda _: True)) == 1
    assert list((tmp_path / "kept").iterdir()) == []
    assert run(environment, "import pyarrow").returncode == 0
    assert told(tmp_path) == ["begin", "end"] * 2


def test_the_tests_variant_has_the_group_dev_and_is_another(tmp_path, locked, uv):
    plain = resolve("uv", locked[1], tmp_path / "kept")
    tests = resolve("uv", locked[1], tmp_path / "kept", dev=True)
    assert plain.lock != tests.lock
    assert run(tests, "import kvast; print(kvast.sweep())").stdout == "swept with 1.0\n"
    assert "No module named 'kvast'" in run(plain, "import kvast").stderr


def test_uv_sees_nothing_of_ours_and_a_script_finds_its_own_programs(tmp_path, locked, uv, monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "secret")
    monkeypatch.setenv("UV_PUBLISH_TOKEN", "secret")
    monkeypatch.setenv("UV_INDEX_OURS_PASSWORD", "for uv")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    environment = resolve("uv", locked[1], tmp_path / "kept")
    shown = json.loads(run(environment, "import json, os; print(json.dumps(dict(os.environ)))").stdout)
    seen = (tmp_path / "told.environ").read_text()
    assert "secret" not in seen
    assert "for uv" in seen
    assert "HTTPS_PROXY=http://proxy.example" in seen
    assert not {"SMTP_PASSWORD", "UV_INDEX_OURS_PASSWORD", "HTTPS_PROXY"} & shown.keys()
    assert shown["VIRTUAL_ENV"] in shown["PATH"].split(os.pathsep)[0]


def test_what_is_missing_is_said(tmp_path, locked, monkeypatch):
    with pytest.raises(BadInput, match=r"the repository has no uv\.lock") as raised:
        resolve("uv", tmp_path, tmp_path / "kept")
    assert "uv lock" in raised.value.do
    with pytest.raises(NotFound, match="container, current, uv"):
        resolve("conda", tmp_path, tmp_path / "kept")
    index, _ = locked
    for name, value in index.environ.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "pyproject.toml").write_text(index.pyproject())
    (tmp_path / "uv.lock").write_text("version = 99\n")
    with pytest.raises(StepFailed, match="exit code 2") as raised:
        resolve("uv", tmp_path, tmp_path / "kept").make(lambda _: None)
    assert "error" in raised.value.log
    assert str(tmp_path / "kept") in raised.value.do
