"""Metadata written by several at once, by latecomers, and on a disk that is full."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from recorder import Recorder
from sqlalchemy import text

from spalje.errors import Conflict, Corrupt, SpaljeError
from spalje.lineage.run import Status
from spalje.registry.approval import decide, verify
from spalje.registry.version import ModelVersion, VersionStatus

BEGIN = f"""
    import json, sys
    from dataclasses import replace
    sys.path.insert(0, {str(Path(__file__).parents[1])!r})
    from recorder import Recorder
    from spalje.errors import Conflict
    from spalje.lineage.run import Status
    from spalje.registry.approval import decide
    from spalje.registry.version import VersionStatus
    from spalje.storage.metadata import open_metadata

"""
#: Waits for a line.
ALONE = """
    url, name = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
"""


def started(wait: str, program: str, *words: str) -> subprocess.Popen[str]:
    """A process that has imported what it needs and waits for a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", "".join(map(textwrap.dedent, (BEGIN, wait, program))), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


#: Becomes a process for each name, which all begin when the line has come; ends badly if one of them does.
FORK = """
    import os
    url, names, *outs = sys.argv[1:]
    gate, go = os.pipe()
    children = []
    for name, out in zip(names, outs, strict=True):
        children.append(os.fork())
        if children[-1] == 0:
            os.close(go)
            os.read(gate, 1)
            sys.stdout = open(out, "w")
            break
    else:
        print("ready", flush=True)
        sys.stdin.readline()
        os.close(go)
        sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


def together(program: str, url: str, names: str) -> list[object]:
    """What several processes print that begin at the same moment."""
    with tempfile.TemporaryDirectory() as folder:
        outs = [Path(folder) / name for name in names]
        processes = started(FORK, program, url, names, *map(str, outs))
        _, error = processes.communicate("go\n", timeout=60)
        assert processes.returncode == 0, error
        return [json.loads(out.read_text()) for out in outs]


def at_once(work: list[Callable[[], object]]) -> list[object]:
    """What threads give that begin at the same moment; a Conflict is given, not raised."""
    gate = threading.Barrier(len(work))
    given: list[object] = [None] * len(work)

    def run(place: int) -> None:
        gate.wait()
        try:
            given[place] = work[place]()
        except Conflict as conflict:
            given[place] = conflict

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


@pytest.fixture
def url(record: Recorder, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'metadata.db'}"


def test_two_approvers_in_one_process(record: Recorder):
    project = record.metadata.projects.get("fresh")

    def deciding(seen: ModelVersion, wanted: VersionStatus, who: str) -> Callable[[], object]:
        entry = decide(seen, wanted, who, "so", record.time, project=project)
        return lambda: record.metadata.versions.decide("fresh", seen.number, seen, entry)

    for _ in range(40):
        seen = record.version()
        given = at_once(
            [
                deciding(seen, VersionStatus.APPROVED, "Bo"),
                deciding(seen, VersionStatus.REJECTED, "Cia"),
                deciding(seen, VersionStatus.APPROVED, "Dan"),
            ]
        )
        after = record.metadata.versions.get("fresh", seen.number)
        verify(after)
        assert len(after.history) == 2
        assert [one for one in given if not isinstance(one, Conflict)] == [after]
        losers = [str(one) for one in given if isinstance(one, Conflict)]
        assert len(losers) == 2
        assert all(f"{after.history[-1].who} made it {after.status}" in loser for loser in losers)


def test_two_approvers_in_two_processes(record: Recorder, url: str):
    for _ in range(30):
        record.version()
    decisions = """
        metadata = open_metadata(url)
        recorder, won = Recorder(metadata), []
        wanted = VersionStatus.APPROVED if name == "a" else VersionStatus.REJECTED
        for number in range(1, 31):
            seen = metadata.versions.get("fresh", number)
            if seen.status is not VersionStatus.PENDING:
                continue
            entry = decide(seen, wanted, name, "so", recorder.now(), project=metadata.projects.get("fresh"))
            try:
                metadata.versions.decide("fresh", number, seen, entry)
                won.append(number)
            except Conflict:
                pass
        print(json.dumps(won))
    """
    approved, rejected = together(decisions, url, "ab")
    assert sorted(approved + rejected) == list(range(1, 31))
    for version in record.metadata.versions.list("fresh"):
        verify(version)
        assert len(version.history) == 2
        assert (version.status is VersionStatus.APPROVED) is (version.number in approved)


def test_writers_in_several_processes(record: Recorder, url: str):
    writing = """
        recorder = Recorder(open_metadata(url))
        made = []
        for _ in range(15):
            made.append(recorder.version().id)
        print(json.dumps(made))
    """
    made = [identity for ids in together(writing, url, "abc") for identity in ids]
    assert sorted(made, key=lambda one: int(one.partition("/")[2])) == [f"fresh/{n}" for n in range(1, 46)]
    runs = record.metadata.runs.list(limit=100)
    assert sorted(run.number for run in runs) == list(range(1, 46))
    for version in record.metadata.versions.list("fresh"):
        verify(version)
        assert record.metadata.steps.all(version.content.run)["register"].status is Status.SUCCEEDED


def test_a_database_is_created_by_several_processes_at_once(tmp_path: Path):
    creating = "print(json.dumps(len(open_metadata(url).projects.all())))"
    for turn in range(3):
        assert together(creating, f"sqlite:///{tmp_path / f'{turn}.db'}", "abcd") == [0, 0, 0, 0]


def test_a_lease_is_held_by_one_of_several_processes(url: str):
    taking = """
        recorder = Recorder(open_metadata(url))
        try:
            print(json.dumps(recorder.metadata.leases.acquire("x", name, 60, recorder.now()).token))
        except Conflict as conflict:
            print(json.dumps(str(conflict)))
    """
    given = together(taking, url, "abcd")
    assert given.count(1) == 1
    winner = "abcd"[given.index(1)]
    assert all(f"held by {winner}" in one for one in given if one != 1)


def test_a_holder_that_slept_through_its_lease_is_refused(record: Recorder, url: str):
    """Stopped in the middle of a step, past the end of its lease; another does the step; then it wakes up."""
    run = record.run(("register",))
    working = """
        recorder = Recorder(open_metadata(url))
        metadata = recorder.metadata
        lease = metadata.leases.acquire("step/x", name, 1, recorder.now())
        step = replace(metadata.steps.all("fresh/build/1")["register"], status=Status.RUNNING)
        metadata.steps.start(step, lease)
        print("working", flush=True)
        sys.stdin.readline()
        try:
            metadata.steps.succeed(replace(step, status=Status.SUCCEEDED, ended_at=recorder.now()), [], [], lease)
            print(json.dumps("recorded"))
        except Conflict as conflict:
            print(json.dumps(str(conflict)))
    """
    sleeper = started(ALONE, working, url, "sleeper")
    sleeper.stdin.write("go\n")
    sleeper.stdin.flush()
    assert sleeper.stdout.readline() == "working\n"
    os.kill(sleeper.pid, signal.SIGSTOP)
    record.time = record.time.replace(hour=13)
    lease = record.metadata.leases.acquire("step/x", "other", 30, record.now())
    assert lease.token == 2
    sleeper.stdin.write("go\n")
    sleeper.stdin.flush()
    os.kill(sleeper.pid, signal.SIGCONT)
    out, errors = sleeper.communicate(timeout=30)
    assert "taken over from sleeper" in json.loads(out), errors
    step = record.metadata.steps.all(run.id)["register"]
    assert step.status is Status.RUNNING  # as the sleeper left it; for its successor to end


def test_killed_writers_leave_a_sound_database(record: Recorder, url: str):
    """Killed at any moment: what is recorded is whole, and others go on at once."""
    writing = """
        recorder = Recorder(open_metadata(url))
        print("working", flush=True)
        while True:
            recorder.version()
    """
    for turn in range(4):
        writer = started(ALONE, writing, url, str(turn))
        writer.stdin.write("go\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "working\n"
        select.select([], [], [], 0.05 + 0.03 * turn)
        writer.kill()
        writer.communicate()
        versions = record.metadata.versions.list("fresh")
        for version in versions:
            verify(version)
            assert record.metadata.steps.all(version.content.run)["register"].status is Status.SUCCEEDED
        assert record.version().number == len(versions) + 1
    with record.metadata.database.read() as connection:
        assert connection.execute(text("pragma integrity_check")).scalars().all() == ["ok"]
        assert connection.execute(text("pragma foreign_key_check")).all() == []


def test_full_disk(record: Recorder):
    """SQLite may not grow its file: the transaction is not made, and the record stays readable."""
    metadata = record.metadata
    with metadata.database.engine.connect() as connection:
        pages = connection.execute(text("pragma page_count")).scalar_one()
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")

    def fill() -> None:
        while True:
            record.version(repository="x" * 10_000)

    with pytest.raises(SpaljeError, match="no space left for the metadata") as full:
        fill()
    assert "df -h" in full.value.do
    versions = metadata.versions.list("fresh")
    for version in versions:
        verify(version)
    with metadata.database.engine.connect() as connection:
        connection.exec_driver_sql("pragma max_page_count = 100000")
    assert record.version().number == len(versions) + 1


def test_a_file_that_cannot_grow(record: Recorder, url: str):
    """As above, by the operating system's limit; in a process of its own."""
    writing = """
        import resource
        from spalje.errors import SpaljeError

        recorder = Recorder(open_metadata(url))
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        try:
            while True:
                recorder.version(repository="x" * 50_000)
        except SpaljeError as error:
            print(json.dumps([type(error).__name__, str(error)]))
    """
    [(kind, said)] = together(writing, url, "a")
    assert kind == "SpaljeError"
    assert "metadata database" in said
    for version in record.metadata.versions.list("fresh"):
        verify(version)


@pytest.mark.parametrize(
    "edit",
    [
        "update version set status = 'approved'",
        "update version set commit_hash = 'd'",
        "update version set metrics = '{}'",
        "update version_artifact set digest = '00' where slot = 'model'",
        "update approval set status = 'approved', reason = 'fine' where number = 2",
        "update approval set who = 'Somebody else' where number = 2",
        "update approval set at = '2020-01-01 00:00:00.000000' where number = 2",
        "delete from approval where number = 2",
    ],
)
def test_an_edited_row_is_found(record: Recorder, edit: str):
    verify(record.decide(record.version(), VersionStatus.REJECTED))
    with record.metadata.database.write() as connection:
        connection.exec_driver_sql(edit)
    with pytest.raises(Corrupt, match="fresh/1"):
        verify(record.metadata.versions.get("fresh", 1))
