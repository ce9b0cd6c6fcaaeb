"""A group of processes ends as a whole: by itself, when it is told to, and when whoever started it is killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from ended import ended

from spalje.model import sentinel
from spalje.model.group import Group
from spalje.model.program import Command

#: Starts a child, writes down both, and sleeps.
FAMILY = "sleep 600 & echo $$ $! > {told}.aside && mv {told}.aside {told}; wait"
#: A program of ours that starts that, and waits for it.
OURS = """
    import subprocess, sys
    from pathlib import Path

    from spalje.model.group import Group
    from spalje.model.program import Command

    family, *stop = sys.argv[1:]
    command = Command(("/bin/sh", "-c", family), Path("/"), {}, tuple(stop))
    Group(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait()
"""


def command(script: str, folder: Path, stop: tuple[str, ...] = ()) -> Command:
    return Command(("/bin/sh", "-c", script), folder, {}, stop)


def group(script: str, folder: Path, stop: tuple[str, ...] = (), timeout_s: float | None = None) -> Group:
    return Group(
        command(script, folder, stop),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout_s=timeout_s,
    )


def members(told: Path) -> list[int]:
    until = time.monotonic() + 20
    while not told.is_file():
        assert time.monotonic() < until, "it did not begin"
        time.sleep(0.01)
    return [int(pid) for pid in told.read_text().split()]


def sentinels() -> set[int]:
    """The sentinels that this process started."""
    ours = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = {int(pid) for each in ours for pid in each.read_text().split()}
    return {pid for pid in children if b"spalje-sentinel" in Path(f"/proc/{pid}/cmdline").read_bytes()}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_who_is_killed_takes_along_what_it_started(tmp_path: Path, how: signal.Signals) -> None:
    told, stopped = tmp_path / "told", tmp_path / "stopped"
    ours = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OURS), FAMILY.format(told=told), "/usr/bin/touch", stopped]
    )
    family = members(told)
    ours.send_signal(how)
    ours.wait()
    assert all(ended(pid) for pid in family)
    until = time.monotonic() + 20
    while not stopped.exists():
        assert time.monotonic() < until, "what does not end with its group was not ended"
        time.sleep(0.01)


def test_a_whole_session_that_is_killed_spares_the_sentinel(tmp_path: Path) -> None:
    told = tmp_path / "told"
    ours = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OURS), FAMILY.format(told=told)], start_new_session=True
    )
    family = members(told)
    os.killpg(ours.pid, signal.SIGKILL)
    ours.wait()
    assert all(ended(pid) for pid in family)


def test_what_ends_by_itself_leaves_nothing(tmp_path: Path) -> None:
    told, stopped = tmp_path / "told", tmp_path / "stopped"
    before = sentinels()
    running = group(f"sleep 600 & echo $$ $! > {told}; exit 7", tmp_path, ("/usr/bin/touch", str(stopped)))
    assert len(sentinels() - before) == 1
    assert running.wait().code == 7
    assert all(ended(pid) for pid in members(told)), "a child that was left running"
    assert sentinels() == before
    assert not stopped.exists(), "it had ended with its group"
    running.kill()
    assert not stopped.exists()


def test_one_that_takes_too_long_is_ended_with_what_does_not_end_by_itself(tmp_path: Path) -> None:
    stopped = tmp_path / "stopped"
    how = group("sleep 600", tmp_path, ("/usr/bin/touch", str(stopped)), timeout_s=0.05).wait()
    assert (how.code, how.timed_out, stopped.exists()) == (-signal.SIGKILL, True, True)


def test_what_cannot_be_started_leaves_no_sentinel(tmp_path: Path) -> None:
    before = sentinels()
    with pytest.raises(FileNotFoundError):
        Group(Command((str(tmp_path / "nothing"),), tmp_path, {}), stdout=1, stderr=2)
    assert sentinels() == before


def test_a_sentinel_that_somebody_killed_is_not_missed_by_a_program_that_ends(tmp_path: Path) -> None:
    before = sentinels()
    running = group("sleep 0.2; exit 3", tmp_path)
    (sentinel,) = sentinels() - before
    os.kill(sentinel, signal.SIGKILL)
    assert running.wait().code == 3


def test_nobody_waits_for_ever_for_what_cannot_be_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentinel, "_PATIENCE_S", 0.2)
    before = sentinels()
    running = group("sleep 600", tmp_path, ("/bin/sleep", "600"), timeout_s=0.05)
    assert running.wait().timed_out
    assert sentinels() == before
