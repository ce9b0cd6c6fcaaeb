"""Scripts in containers: one suite over a stand-in that is always there, and the real engine where it answers."""

import json
import multiprocessing
import os
import subprocess
import threading
import time
from contextlib import ExitStack

import engines
import pyarrow as pa
import pytest

from spalje.errors import BadInput, StepFailed
from spalje.execution.environment import container_engine, resolve
from spalje.execution.environment.container import mounts
from spalje.execution.script import Cancellation, Meter, ProjectScripts
from spalje.model.package import pack
from spalje.model.process import open_model
from spalje.model.program import Program
from spalje.pipeline.problem import Problem

SPALJE_TOML = """
[project]
name = "boxed"
environment = "container"

[problem]
type = "regression"
target = "y"
features = ["x"]
keys = ["id"]
"""


@pytest.fixture(scope="module", params=["stand-in", "real"])
def found(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("engine")
    engine = engines.stand_in(folder) if request.param == "stand-in" else engines.real(folder)
    if isinstance(engine, str):
        pytest.skip(f"containers cannot be started on this machine: {engine}")
    return engine


@pytest.fixture
def engine(found, monkeypatch):
    for name, value in found.environ.items():
        monkeypatch.setenv(name, value)
    container_engine._engine.cache_clear()
    return found


class Boxed:
    """A repository with a Dockerfile, and its scripts."""

    def __init__(self, folder, engine, said):
        self.folder, self.engine = folder, engine
        self.repository, self.scratch, self.log = folder / "repository", folder / "scratch", folder / "log"
        self.repository.mkdir()
        self.scratch.mkdir()
        self.input = folder / "input"
        self.input.mkdir()
        (self.input / "in.txt").write_text("from outside")
        (self.repository / "spalje.toml").write_text(SPALJE_TOML)
        # the label makes each test's image its own
        (self.repository / "Dockerfile").write_text(
            f"FROM {engine.base}\nLABEL of={folder.name}\nCOPY needs.txt /\n"
        )
        (self.repository / "needs.txt").write_text("kvast\n")
        self.meter, self.cancellation, self.said = Meter(), Cancellation(), said

    @property
    def environment(self):
        return resolve("container", self.repository, self.folder / "environments")

    def scripts(self, timeout_s=None):
        return ProjectScripts(
            self.environment, self.log, self.scratch, self.meter, self.cancellation, timeout_s,
            self.said.append, (self.repository, self.input),
        )  # fmt: skip

    def run(self, code, environ=None, timeout_s=None, **arguments):
        (self.repository / "script.py").write_text(code)
        self.scripts(timeout_s).run(self.repository / "script.py", arguments, environ or {})


@pytest.fixture
def boxed(tmp_path, engine):
    boxed = Boxed(tmp_path, engine, [])
    yield boxed
    container_engine.engine().remove(boxed.environment.image)


def test_a_script_finds_its_folders_and_variables_and_nothing_of_ours(boxed, engine, monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.example")
    code = """
import json, os, sys
from pathlib import Path
out = Path(sys.argv[sys.argv.index("--out") + 1])
here = Path(__file__).parent
out.mkdir()
told = {"read": Path(sys.argv[sys.argv.index("--in") + 1], "in.txt").read_text(), "environ": dict(os.environ),
        "cwd": os.getcwd(), "networks": sorted(os.listdir("/sys/class/net")) if os.path.isdir("/sys/class/net") else []}
(out / "told.json").write_text(json.dumps(told))
sum(number * number for number in range(600_000))
print("a line for the log")
"""
    out = boxed.scratch / "out"
    boxed.run(code, {"SM_HPS": '{"a": "line 1\\nline 2"}'}, **{"in": str(boxed.input), "out": str(out)})
    told = json.loads((out / "told.json").read_text())
    assert told["read"] == "from outside"
    assert told["cwd"] == str(boxed.repository)
    assert told["environ"]["SM_HPS"] == '{"a": "line 1\\nline 2"}'
    assert told["environ"]["TMPDIR"].startswith(str(boxed.scratch))
    assert told["environ"]["PYTHONHASHSEED"] == "0"
    assert "secret" not in json.dumps(told)
    assert (out / "told.json").stat().st_uid == os.getuid()
    assert "a line for the log" in boxed.log.read_text()
    assert boxed.meter.cpu_s > 0.01
    assert boxed.meter.peak_mib > 3
    assert boxed.meter.wall_s > boxed.meter.cpu_s
    assert engine.running() == []
    assert not list(boxed.scratch.glob(".container-*"))
    if engine.real:
        assert told["networks"] == ["lo"]
    else:
        calls = json.dumps([call for call in engine.calls() if call["words"][0] == "run"])
        assert "line 1" not in calls
        assert "secret" not in calls


def test_what_is_not_the_steps_cannot_be_changed_or_seen(boxed, engine):
    if not engine.real:  # a stand-in keeps nobody from anything: it says what the engine is told
        boxed.run("")
        (words,) = [call["words"] for call in engine.calls() if call["words"][0] == "run"][-1:]
        mounts = {word for word in words if word.startswith("--mount=")}
        assert f"--mount=type=bind,source={boxed.input},target={boxed.input},readonly" in mounts
        assert f"--mount=type=bind,source={boxed.repository},target={boxed.repository},readonly" in mounts
        assert [word for word in mounts if not word.endswith("readonly")] == [
            f"--mount=type=bind,source={boxed.scratch},target={boxed.scratch}"
        ]
        assert {"--network=none", "--cap-drop=all", "--pull=never", "--rm"} <= set(words)
        return
    (boxed.folder / "beside.txt").write_text("not for you")
    boxed.run(f"""
import errno
from pathlib import Path
for place in ({str(boxed.repository)!r}, {str(boxed.input)!r}):
    try:
        Path(place, "new.txt").write_text("changed")
    except OSError as error:
        assert error.errno == errno.EROFS, error
    else:
        raise AssertionError(place)
assert not Path({str(boxed.folder / "beside.txt")!r}).exists()
""")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('I give up'); raise SystemExit(7)", "ended with exit code 7. Its last line: I give up"),
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
    ],
)
def test_how_a_script_ended_is_told_as_everywhere(boxed, code, said):
    with pytest.raises(StepFailed, match=said):
        boxed.run(code)


def test_one_that_takes_more_memory_than_it_may_is_killed_and_told(boxed, engine):
    table = "[environment.container]\nmemory_gib = 0.0625\ncpus = 0.5\n"
    (boxed.repository / "spalje.toml").write_text(SPALJE_TOML + table)
    if not engine.real:
        boxed.run("")
        assert {"--memory=64m", "--cpus=0.5"} <= set(engine.calls()[-1]["words"])
        return
    with pytest.raises(StepFailed, match=r"was killed by SIGKILL\. It had used up to .* MiB; .* for memory"):
        boxed.run("whole = bytearray(300_000_000)")


def test_one_that_takes_too_long_is_killed_with_its_container(boxed, engine):
    code = "import subprocess, sys\nprint('up', flush=True)\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    boxed.environment.make(lambda _: None)
    with pytest.raises(StepFailed, match=r"after its time limit of 2 s\. Its last line: up"):
        boxed.run(code, timeout_s=2)
    assert engine.running() == []


def test_one_that_is_cancelled_is_killed_with_its_container(boxed, engine):
    errors = []

    def run():
        try:
            boxed.run("import time\nprint('up', flush=True)\ntime.sleep(600)")
        except StepFailed as error:
            errors.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    tick = threading.Event()
    while not (boxed.log.exists() and "\nup" in boxed.log.read_text()):
        tick.wait(0.02)
    assert len(engine.running()) == 1
    boxed.cancellation.ask()
    thread.join()
    assert errors == ["script.py was stopped because the run was cancelled."]
    assert engine.running() == []


def test_a_container_ends_with_whoever_started_it_even_if_that_was_killed(boxed, engine):
    code = "import time\nprint('up', flush=True)\ntime.sleep(600)"
    starter = multiprocessing.get_context("fork").Process(target=boxed.run, args=(code,))
    starter.start()
    tick = threading.Event()
    while not (boxed.log.exists() and "\nup" in boxed.log.read_text()):
        tick.wait(0.02)
    assert len(engine.running()) == 1
    starter.kill()
    starter.join()
    until = time.monotonic() + 30
    while engine.running():
        assert time.monotonic() < until, "the container goes on"
        tick.wait(0.05)


def test_an_image_is_built_once_and_named_by_what_it_is_made_of(boxed, engine):
    environments = [boxed.environment for _ in range(4)]
    lines = []
    threads = [threading.Thread(target=one.make, args=(lines.append,)) for one in environments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = boxed.environment.store.all()
    assert (kept.kind, kept.facts["image"]) == ("container", environments[0].image)
    if not engine.real:
        tag = f"--tag={environments[0].image}"
        assert len([1 for call in engine.calls() if tag in call["words"]]) == 1
    lock = boxed.environment.lock
    (boxed.repository / "other.py").write_text("nothing of the image's")
    assert boxed.environment.lock == lock
    (boxed.repository / "needs.txt").write_text("another\n")
    assert boxed.environment.lock != lock
    (boxed.repository / "needs.txt").write_text("kvast\n")
    (boxed.repository / "spalje.toml").write_text(
        SPALJE_TOML + '[environment.container]\nnetwork = "bridge"\n'
    )
    assert boxed.environment.lock != lock
    (boxed.repository / "spalje.toml").write_text(SPALJE_TOML)
    container_engine.engine().remove(boxed.environment.image)  # as somebody who tidies up does
    boxed.run("")


def test_an_image_that_cannot_be_built_is_told_with_what_was_said(boxed, engine):
    (boxed.repository / "Dockerfile").write_text(f"FROM {engine.base}\nRUN false\n")
    with pytest.raises(StepFailed, match="The image could not be built from Dockerfile") as raised:
        boxed.run("")
    assert "STEP" in raised.value.log
    assert str(boxed.folder / "environments") in raised.value.do


def test_bytes_go_in_and_out_unchanged(boxed):
    data = bytes(range(256)) * 20_000
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    with boxed.scripts().command(Program(("-c", code), boxed.repository)) as command:
        said = subprocess.run(
            command.words, env=dict(command.environ), input=data, capture_output=True, check=False
        )
    assert said.stdout == data


def test_a_model_predicts_in_a_container(boxed, engine):
    if engine.real:  # an image with pyarrow is large: the bytes that it exchanges are tested above
        assert "worker.py" in str(boxed.environment.by_hand(Program(("worker.py",), boxed.repository)))
        return
    (boxed.repository / "inference.py").write_text(
        "import os\nimport pyarrow.compute as pc\naccepts = 'arrow'\n"
        "def model_fn(model_dir):\n    assert os.environ['IN_THE_IMAGE']\n    return 2.0\n"
        "def predict_fn(data, model):\n    print('no answer')\n    return pc.multiply(data['x'], model)\n"
    )
    (boxed.folder / "trained").mkdir()
    (boxed.folder / "trained" / "model.txt").write_text("7")
    package = boxed.input / "package"
    package.mkdir()
    problem = Problem(type="regression", target="y", features=("x",), keys=("id",))
    pack(boxed.folder / "trained", boxed.repository / "inference.py", problem, package)
    with ExitStack() as stack:
        model = stack.enter_context(open_model(package, boxed.scripts().command, boxed.log))
        assert model.predict(pa.table({"x": [1.0, 2.5]}))["prediction"].to_pylist() == [2.0, 5.0]
    assert engine.running() == []


def test_no_engine_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.delenv(container_engine.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2; echo '{}'\n")
    docker.chmod(0o755)
    with pytest.raises(BadInput, match="no program 'podman'; docker answers: Cannot connect"):
        container_engine.engine()
    docker.write_text(
        """#!/bin/sh\necho '{"ServerVersion": "27.0", "SecurityOptions": ["name=seccomp", "name=rootless"]}'\n"""
    )
    container_engine._engine.cache_clear()
    found = container_engine.engine()
    assert (found.program, found.podman, found.person) == (str(docker), False, ("--user=0:0",))
    container_engine._engine.cache_clear()


def test_a_path_that_an_engine_would_misread_is_refused(tmp_path):
    with pytest.raises(BadInput, match="comma"):
        list(mounts(Program((), tmp_path, reads=(tmp_path / "a,readonly=false",))))
