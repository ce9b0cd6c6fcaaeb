"""Bad input gets a clear answer and nothing is lost: through the real command line, real Git, real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_project
from command import Command


class Place:
    """A workspace with the small project, and a clone of its repository."""

    def __init__(self, folder: Path) -> None:
        self.workspace = small_project.create(folder)
        self.raw = folder / "raw"
        self.bare = self.workspace.folder / "git" / "small-build.git"
        self.clone = folder / "working"
        small_project.git(folder, "clone", "--quiet", str(self.bare), str(self.clone))
        self.spalje = Command(self.workspace.folder, folder)

    def commit(self, files: dict[str, str]) -> None:
        small_project.write(self.clone, files)
        small_project.git(self.clone, "add", "--all")
        small_project.git(self.clone, "commit", "--quiet", "--message", "Change")
        small_project.git(self.clone, "push", "--quiet", "origin", "main")

    def build(self, *words: str):
        return self.spalje(
            "run", "start", "build", "--project", "small", "--input", f"raw={self.raw}", *words
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_build_succeeds_and_a_second_one_reuses_everything(place: Place) -> None:
    assert place.build().code == 0
    again = place.build("--json")
    assert again.code == 0
    steps = {step["step"]: step for step in again.json["steps"]}
    assert {name for name, step in steps.items() if step["reused_from"] == "small/build/1"} == set(steps) - {
        "register"
    }
    assert [version["id"] for version in place.spalje("model", "list", "small", "--json").json] == [
        "small/2",
        "small/1",
    ]
    fresh = place.build("--json", "--no-cache")
    assert all(step["reused_from"] is None for step in fresh.json["steps"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "start", "build", "--project", "smal"), 2, "Did you mean 'small'?"),
        (("run", "start", "biuld", "--project", "small"), 2, "Did you mean 'build'?"),
        (("run", "start", "build", "--project", "small", "--param", "facto=3"), 2, "Did you mean 'factor'?"),
        (("run", "start", "build", "--project", "small", "--param", "factor=three"), 2, "whole number"),
        (("run", "start", "build", "--project", "small", "--input", "row=/tmp"), 2, "Did you mean 'raw'?"),
        (("run", "start", "build", "--project", "small"), 3, "raw"),
        (("run", "start", "build", "--project", "small", "--input", "raw=/not/there"), 3, "/not/there"),
        (("run", "start", "build", "--project", "small", "--ref", "nowhere"), 2, "nowhere"),
        (("run", "show", "small/build/9"), 2, "small/build/9"),
        (("model", "approve", "small/9", "--reason", "x"), 2, "small/9"),
        (("model", "show", "small"), 3, "PROJECT/NUMBER"),
        (("project", "create", "ok", "--template", "../../etc"), 2, "template"),
        (("project", "create", "../evil"), 2, "../evil"),
        (("project", "create", "ok", "--template", "forcasting"), 2, "forecasting"),
        (("lineage", "show", "model:small/9"), 2, "small/9"),
        (("batch", "truth", "/not/there", "--project", "small"), 2, "quality"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_wrong_words(tmp_path_factory, words: tuple[str, ...], code: int, said: str) -> None:
    place = shared_place(tmp_path_factory)
    ended = place.spalje(*words)
    assert (ended.code, said in ended.error + ended.out) == (code, True), ended
    assert place.spalje("model", "list", "small").code == 0, "nothing is lost"


def shared_place(factory, made: dict = {}) -> Place:  # noqa: B006  one place for all, they do not change it
    if "place" not in made:
        made["place"] = Place(factory.mktemp("shared"))
    return made["place"]


@pytest.mark.parametrize(
    ("script", "text", "said"),
    [
        ("src/train.py", "raise SystemExit(1)", "exit code 1. It printed nothing."),
        (
            "src/train.py",
            "print('shelves empty'); raise SystemExit(7)",
            "exit code 7. Its last line: shelves empty",
        ),
        ("src/train.py", "pass", "no model"),
        ("src/train.py", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
        ("src/make.py", "pass", "wrote nothing into its output 'rows'"),
        ("src/make.py", "import no_such_module", "no_such_module"),
        ("src/evaluate.py", "pass", "report"),
        (
            "src/evaluate.py",
            "from options import folder\n(folder('report') / 'metrics.json').write_text('{\"rmse\": NaN}')",
            "must be a finite number",
        ),
        (
            "src/evaluate.py",
            "from options import folder\n(folder('report') / 'metrics.json').write_text('[1]')",
            "not an object",
        ),
        (
            "src/make.py",
            "from options import folder\n(folder('rows') / 'part-0.parquet').write_bytes(b'PAR1 cut off')",
            "part-0.parquet",
        ),
    ],
)
def test_a_bad_script_fails_its_step_and_can_be_mended(
    place: Place, script: str, text: str, said: str
) -> None:
    place.commit({script: text})
    ended = place.build()
    assert ended.code in (1, 3), ended
    assert said in ended.error, ended.error
    assert "spalje run log small/build/1" in ended.error
    place.commit({script: small_project.FILES[script]})
    assert place.build().code == 0


def test_a_recipe_that_does_not_compile_says_where(place: Place) -> None:
    place.commit(
        {"pipeline.py": small_project.FILES["pipeline.py"].replace('make["rows"]', 'make["rwos"]', 1)}
    )
    ended = place.build()
    assert ended.code == 3
    assert "pipeline.py:" in ended.error
    assert "rows" in ended.error


def test_a_push_of_a_broken_recipe_succeeds_and_its_run_fails_with_file_and_line(place: Place) -> None:
    hook = place.bare / "hooks" / "post-receive"
    words = [sys.executable, "-P", "-m", "spalje", "run", "pushed", "--workspace", str(place.workspace.folder), "--project", "small", "--repository", "build"]  # fmt: skip
    hook.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in words) + "\n")
    hook.chmod(0o755)
    place.commit({"pipeline.py": small_project.FILES["pipeline.py"] + "\n        this is not Python\n"})
    (run,) = place.spalje("run", "list", "--project", "small", "--json").json
    assert run["status"] == "failed"
    assert run["trigger"] == "push"
    assert "pipeline.py:" in run["error"]
    assert place.spalje("run", "resume", run["id"]).code == 3


def test_uncommitted_changes_are_not_silently_left_out(place: Place) -> None:
    inside = Command(place.workspace.folder, place.clone)
    words = ("run", "start", "build", "--project", "small", "--input", f"raw={place.raw}")
    (place.clone / "src" / "train.py").write_text("print('half done')\n")
    ended = inside(*words)
    assert ended.code == 4
    assert "src/train.py" in ended.error
    assert inside(*words, "--ref", "main").code == 0


def test_inference_without_an_approved_model_is_refused(place: Place) -> None:
    recipe = (
        small_project.FILES["pipeline.py"]
        + """
        from spalje.pipeline import ApprovedVersion
        approved = ApprovedVersion()
        look = Process("look", script="src/double.py", inputs={"rows": approved["model"]}, outputs={"out": "folder"})
        peek = Pipeline("peek", steps=[look])
    """
    )
    place.commit({"pipeline.py": recipe})
    ended = place.spalje("run", "start", "peek", "--project", "small")
    assert ended.code == 4
    assert "spalje model approve" in ended.error


SLOW = "import time\nprint('working', flush=True)\ntime.sleep(30)"


def _until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def _running(place: Place, run: str, step: str) -> bool:
    try:
        return place.workspace.metadata.steps.all(run)[step].status == "running"
    except KeyError:
        return False


def _start(place: Place) -> subprocess.Popen:
    words = ["run", "start", "build", "--project", "small", "--input", f"raw={place.raw}"]
    return subprocess.Popen(
        [sys.executable, "-m", "spalje", *words], env={**os.environ, "SPALJE_WORKSPACE": str(place.workspace.folder)},
        cwd=place.workspace.folder.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_ctrl_c_stops_everything_and_the_run_can_be_resumed(place: Place) -> None:
    place.commit({"src/train.py": SLOW})
    process = _start(place)
    _until(lambda: _running(place, "small/build/1", "train"))
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130, error
    assert place.workspace.metadata.runs.get("small/build/1").status == "cancelled"
    assert (
        subprocess.run(
            ["pgrep", "-f", str(place.workspace.folder / "sources")], check=False, capture_output=True
        ).returncode
        == 1
    )
    (path,) = (place.workspace.folder / "sources").glob("*/src/train.py")
    path.write_text(
        small_project.FILES["src/train.py"].replace("        ", "")
    )  # as if the slow machine had become quick
    ended = place.spalje("run", "resume", "small/build/1")
    assert ended.code == 0, ended.error


def test_two_runs_of_one_pipeline_do_not_run_at_once(place: Place) -> None:
    place.commit({"src/train.py": SLOW})
    first = _start(place)
    try:
        _until(lambda: _running(place, "small/build/1", "train"))
        second = place.build()
        assert second.code == 1
        assert "small/build" in second.error
        assert "held by" in second.error
    finally:
        first.kill()
        first.communicate()


def test_an_artifact_that_was_changed_on_disk_is_refused(place: Place) -> None:
    assert place.build("--json").code == 0
    digest = place.workspace.metadata.steps.all("small/build/1")["make"].outputs["rows"]
    part = place.workspace.artifacts.open(digest) / "part-0.parquet"
    part.chmod(0o644)
    raw = bytearray(part.read_bytes())
    raw[len(raw) // 2] ^= 1
    part.write_bytes(raw)
    shown = place.spalje("artifact", "show", digest)
    assert shown.code == 3
    assert "part-0.parquet" in shown.error
    again = place.build()
    assert again.code == 1, "damage is never papered over"
    assert "part-0.parquet" in again.error
