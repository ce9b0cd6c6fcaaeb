"""A program: kill a run at its K-th dangerous moment, for every K; resume; compare with an undisturbed run.

Dangerous moments are those just before state outside this process changes: a file is opened for writing, renamed,
removed, linked or made read-only, a folder is made, a process is started, the database commits; and the one when
the run is over. They are counted with an audit hook, in a forked child that then kills itself with SIGKILL: nothing
is cleaned up, no handler runs.

What changes nothing is no moment of its own, for what is left there is what is left at the next one: the moment after
a commit, the end of a transaction that only read, the making of a folder that is there or whose parent is not, the
setting of the mode that a file has, the opening of a descriptor or of /dev/null.

Usage: sweep.py FOLDER FIRST STRIDE; prints one JSON object.
"""

import gc
import json
import os
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd  # noqa: F401  PyArrow loads it when it is there; it and the steps are loaded now, not in every child
import small_project
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

import spalje.alerts.ended_run
import spalje.alerts.watch
import spalje.steps.baseline
import spalje.steps.data_quality
import spalje.steps.evaluate
import spalje.steps.process
import spalje.steps.register
import spalje.steps.train  # noqa: F401
from spalje.lineage.run import Status
from spalje.workspace import Workspace

CHANGING = frozenset(
    {
        "os.rename",
        "os.remove",
        "os.link",
        "os.symlink",
        "os.rmdir",
        "subprocess.Popen",
    }
)


#: The small project with each kind of step once: a second process has the moments of the first.
FILES = {
    "pipeline.py": """
        from spalje.pipeline import Baseline, Evaluate, Input, Parameter, Pipeline, Process, Register, Train

        raw = Input("raw", kind="folder")
        factor = Parameter("factor", type="integer", default=2)
        make = Process("make", script="src/make.py", inputs={"raw": raw}, outputs={"rows": "table"}, parameters={"factor": factor})
        train = Train("train", script="src/train.py", inference="src/inference.py", channels={"rows": make["rows"]})
        evaluate = Evaluate("evaluate", script="src/evaluate.py", predictions=make["rows"])
        bar = Baseline("bar", monitor="data_quality", data=make["rows"])
        register = Register("register", model=train["model"], evaluation=evaluate["report"], baselines=[bar])
        build = Pipeline("build", steps=[make, train, evaluate, bar, register])
    """,
    "src/double.py": None,
}


class Bomb:
    """Kills this process at the K-th dangerous moment; 0: at none."""

    def __init__(self, fuse: int) -> None:
        self.fuse = fuse

    def tick(self) -> None:
        self.fuse -= 1
        if self.fuse == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, name: str, arguments: tuple) -> None:
        if (
            name in CHANGING
            or (name == "open" and _writes(*arguments))
            or (name == "os.mkdir" and _makes(arguments[0]))
            or (name == "os.chmod" and _sets(*arguments))
        ):
            self.tick()

    def committing(self, connection: Connection) -> None:
        changes = connection.connection.driver_connection.total_changes
        before, connection.info["changes"] = connection.info.get("changes", 0), changes
        if changes > before:
            self.tick()


def _makes(folder: str) -> bool:
    path = Path(folder)
    return not path.exists() and path.parent.exists()


def _sets(path: str | int, mode: int, folder: int) -> bool:
    return isinstance(path, int) or folder != -1 or stat.S_IMODE(Path(path).stat().st_mode) != mode


def _writes(path: str | int, mode: str | None, flags: int) -> bool:
    if isinstance(path, int) or path == os.devnull:
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR))


def in_child(work) -> int:
    """Do ``work`` in a forked child; how it ended: 0 well, 1 badly, -9 killed."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:  # the parent judges by the exit code and this line
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def execute(folder: Path, run: str, fuse: int = 0) -> None:
    workspace = Workspace.open(folder)
    bomb = Bomb(fuse)
    if fuse:
        sys.addaudithook(bomb.audit)
        event.listen(Engine, "commit", bomb.committing)
    ended = workspace.execute(workspace.metadata.runs.get(run))
    assert ended.status is Status.SUCCEEDED, ended.error
    bomb.tick()


def resume(folder: Path, run: str) -> None:
    workspace = Workspace.open(folder)
    found = workspace.metadata.runs.get(run)
    if found.status is not Status.SUCCEEDED:
        ended = workspace.execute(workspace.resume(run))
        assert ended.status is Status.SUCCEEDED, ended.error


def main() -> None:
    home, first, stride = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    fresh = home / "fresh"
    gc.freeze()  # what is loaded stays: children need not look through it

    def prepare() -> None:
        workspace = small_project.create(fresh, FILES)
        small_project.start(workspace, fresh / "raw")

    assert in_child(prepare) == 0
    place = home / "place"  # the same path every time: paths are written into the metadata
    run = "small/build/1"

    def again() -> Path:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(fresh / "workspace", place, symlinks=True)
        return place

    def see(run_it: Callable[[Path, str], None]) -> str | None:
        """What is there when a run has come to its end; None: it did not."""
        out = home / "state.json"

        def work() -> None:
            run_it(place, run)
            out.write_text(small_project.state(Workspace.open(place)))

        return out.read_text() if in_child(work) == 0 else None

    again()
    undisturbed = see(execute)
    assert undisturbed

    killed, differing, fuse = 0, [], first
    while True:
        again()
        ended = in_child(lambda fuse=fuse: execute(place, run, fuse))
        if ended == 0:
            break
        if ended != -signal.SIGKILL:
            differing.append([fuse, f"the run ended with {ended}"])
        killed += 1
        disturbed = see(resume)
        if disturbed is None:
            differing.append([fuse, "could not be resumed"])
        elif disturbed != undisturbed:
            differing.append([fuse, "ended otherwise"])
        fuse += stride
    print(json.dumps({"killed": killed, "differing": differing}))


if __name__ == "__main__":
    main()
