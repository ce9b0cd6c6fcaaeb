"""A repository's tests: which they are, what they may do, how they fail."""

import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from ended import ended

from spalje.ci.repository_tests import PYTEST, RepositoryTests, read_table
from spalje.errors import BadInput, StepFailed
from spalje.execution.environment import resolve

PROJECT = """
[project]
name = "small"

[problem]
type = "regression"
target = "y"
features = ["x"]
keys = ["id"]
"""


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Path]:
    """Makes a checked-out commit."""

    def make(table: str = "", **files: str) -> Path:
        folder = tmp_path / "commit"
        folder.mkdir()
        (folder / "spalje.toml").write_text(PROJECT + table)
        for name, text in files.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(text))
        return folder

    return make


def run(folder: Path, **fields: object) -> tuple[str, Path]:
    log = folder.parent / "logs" / "1.log"
    log.parent.mkdir(exist_ok=True)
    tests = RepositoryTests(partial(resolve, folder=folder.parent / "environments", dev=True), **fields)
    try:
        return tests.run(folder, log), log
    finally:
        assert not list(log.parent.glob(".tests-*")), "nothing is left of the copy"


@pytest.mark.parametrize(
    ("table", "folder", "words"),
    [
        ("", False, ()),
        ("", True, PYTEST),
        ("[ci]\ntest = []", True, ()),
        ('[ci]\ntest = ["python", "check.py"]', False, ("python", "check.py")),
    ],
)
def test_which_program_tests_a_repository(repository, table: str, folder: bool, words: tuple) -> None:
    made = repository(table)
    if folder:
        (made / "tests").mkdir()
    assert read_table(made).command(made) == words
    if not words:
        assert run(made)[0].startswith("There is nothing to test: ")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[ci]\ntest = "pytest"', "spalje.toml:11: [ci] test"),
        ('[ci]\ntest = ["pytest"]', "spalje.toml:11: [ci] test begins with 'pytest', and not with 'python'."),
        ("[ci]\ntests = []", "spalje.toml:11: [ci] tests"),
        ('[ci]\ntest = ["python", ""]', "spalje.toml:11: [ci] test"),
        ("ci = 5", "ci"),
        ("[ci]\ntest = [", "spalje.toml"),
    ],
)
def test_what_a_table_may_not_say(repository, table: str, said: str) -> None:
    made = repository(table)
    if table == "ci = 5":
        (made / "spalje.toml").write_text(table + PROJECT)
    with pytest.raises(BadInput) as caught:
        read_table(made)
    assert said in str(caught.value)


CHECK = '[ci]\ntest = ["python", "check.py"]'


def test_tests_run_in_a_copy_without_our_variables(repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET", "very secret")
    made = repository(
        CHECK,
        check="""
            import os, tempfile
            open("spalje.toml", "a").write("# written")
            print("secret" in str(os.environ).lower(), os.path.dirname(os.getcwd()) == os.path.dirname(tempfile.gettempdir()))
        """,
    )
    said, log = run(made)
    assert said.startswith("Its tests passed in ")
    assert log.read_text().splitlines() == ["$ python check.py", "False True"]
    assert "written" not in (made / "spalje.toml").read_text()
    assert sorted(path.name for path in made.iterdir()) == ["check.py", "spalje.toml"]


@pytest.mark.parametrize(
    ("check", "said", "do"),
    [
        (
            "print('one'); print('two'); raise SystemExit(4)",
            "failed (exit code 4). The last line: two",
            "Mend",
        ),
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9. They printed nothing.", "Mend"),
        ("import sys; sys.exit('No module named pytest')", "exit code 1", "Add pytest"),
    ],
)
def test_how_tests_fail(repository, check: str, said: str, do: str) -> None:
    with pytest.raises(StepFailed) as caught:
        run(repository(CHECK, check=check))
    assert said in str(caught.value)
    assert caught.value.do.startswith(do)
    assert caught.value.log.splitlines()[-1:] == [
        line for line in ("two", "", "No module named pytest") if line and line in check
    ]


def test_tests_that_take_too_long_are_stopped_with_their_children(repository, tmp_path: Path) -> None:
    number = tmp_path / "number"
    made = repository(
        CHECK,
        check=f"""
            import subprocess, sys, time
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            open({str(number)!r}, "w").write(str(child.pid))
            print("waiting", flush=True)
            time.sleep(60)
        """,
    )
    with pytest.raises(StepFailed, match=r"were stopped after 3 s\. The last line: waiting"):
        run(made, time_limit_s=3)
    assert ended(int(number.read_text()))
