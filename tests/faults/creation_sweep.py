"""A program: kill the creation or deletion of a project at its K-th dangerous moment, for many K; go on; compare.

Dangerous moments are those just before and just after each transaction of the database, which lie before and after
every step; with ``inside``, those within the steps too: a file or folder appears or goes, a program is started. They
are counted in a forked child that then ends at once: nothing is cleaned up, no handler runs.

Usage: creation_sweep.py FOLDER create|delete FIRST STRIDE [inside]; prints one JSON object.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from spalje.execution.lease import Heartbeat
from spalje.execution.owner import this_process
from spalje.project import git
from spalje.project.creation import first_commit
from spalje.project.creation.creation import Creation
from spalje.project.creation.deletion import Deletion
from spalje.project.git import Author
from spalje.project.git_hosts.embedded import EmbeddedHost
from spalje.project.hook import HookSpec
from spalje.registry.project import Project
from spalje.storage.metadata import Metadata, open_metadata
from spalje.storage.metadata.tables import NAMES

ADA = Author("Ada Lovelace", "ada@example.org")
AT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
KILLED = 137
INSIDE = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "subprocess.Popen"})
WANTED = Project(
    name="dairy", title="Dairy", owner="Shops", template="tiny", template_version="", build_repository="",
    deploy_repository="", approvers=("Bo",), four_eyes=True, retrain="auto", created_at=AT, created_by="Ada",
)  # fmt: skip


def render(
    template: object, project: str, role: str, answers: dict[str, Any], folder: Path
) -> dict[str, Any]:
    """Stands for a template: how one is rendered is another test's."""
    (folder / "src").mkdir(parents=True)
    (folder / "README.md").write_text(f"{project} {role}\n")
    (folder / "src" / "run.py").write_text("print(1)\n")
    return dict(answers)


class Bomb:
    """Ends this process at the K-th dangerous moment."""

    def __init__(self, fuse: int, *, inside: bool) -> None:
        self.fuse = fuse
        event.listen(Engine, "commit", lambda connection: self.tick())
        event.listen(Engine, "checkin", lambda connection, record: self.tick())
        if inside:
            sys.addaudithook(lambda name, arguments: self.tick() if name in INSIDE else None)

    def tick(self) -> None:
        self.fuse -= 1
        if self.fuse == 0:
            os._exit(KILLED)


def in_child(work: Callable[[], object]) -> int:
    """Do ``work`` in a forked child in a process group of its own; how it ended."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        try:
            work()
        except BaseException as error:  # the parent judges by the exit code and this line
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def parts(place: Path) -> tuple[Metadata, EmbeddedHost, Callable[..., Any]]:
    metadata = open_metadata(f"sqlite:///{place / 'metadata.db'}")
    host = EmbeddedHost(place / "git", HookSpec(("true",)))
    return metadata, host, Heartbeat(metadata, this_process(), 3600, lambda: datetime.now(UTC)).hold


def create(place: Path) -> None:
    metadata, host, hold = parts(place)
    tiny = SimpleNamespace(name="tiny", version="1.0.0", questions=())
    Creation(
        metadata=metadata, host=host, settings=None, template=lambda version: tiny, keep=lambda made: made, alone=hold,
        environ={}, clock=lambda: AT, new_mark=lambda: "5f3a",
    ).create(WANTED, ADA, place / "clones")  # fmt: skip


def delete(place: Path) -> None:
    metadata, host, hold = parts(place)
    Deletion(
        metadata=metadata, hosts=lambda name: host, alone=hold, logs=(place / "runs",),
        clock=lambda: AT,
    ).delete("dairy", "Bo")  # fmt: skip


def is_known(place: Path) -> bool:
    metadata, _, _ = parts(place)
    return bool(metadata.projects.all() or metadata.undertakings.all())


def state(place: Path) -> str:
    """Everything that a creation leaves behind, and that must not depend on how often it was disturbed."""
    metadata, host, _ = parts(place)
    repositories = {}
    for bare in sorted(host.folder.glob("*.git")) if host.folder.is_dir() else []:
        files = [bare / name for name in ("description", "config", "HEAD")]
        files += [
            path for folder in ("hooks", "refs") for path in (bare / folder).rglob("*") if path.is_file()
        ]
        repositories[bare.name] = {str(path.relative_to(bare)): path.read_text() for path in files}
    clones = {}
    for folder in sorted((place / "clones").iterdir()) if (place / "clones").is_dir() else []:
        config = (folder / ".git" / "config").read_text()
        clones[folder.name] = [git.resolve(folder, "HEAD"), git.is_dirty(folder), config]
    with metadata.database.read() as connection:
        rows = {
            table.name: [str(dict(row)) for row in connection.execute(select(table)).mappings()]
            for table in NAMES.sorted_tables
            if table.name != "lease"
        }
    return json.dumps([repositories, clones, rows], sort_keys=True, indent=1)


def push_dies(place: Path, role: str) -> None:
    """End this process and its ``git push`` when everything has been sent, and nothing of it accepted yet."""
    push = first_commit.FirstCommits.push

    def dying(self: first_commit.FirstCommits, which: str, remote: Any) -> None:
        if which == role:
            hook = Path(remote.url, "hooks", "pre-receive")
            hook.parent.mkdir(exist_ok=True)
            hook.write_text(f'#!/bin/sh\nrm "$0"\nkill -9 -{os.getpid()}\n')
            hook.chmod(0o755)
        push(self, which, remote)

    first_commit.FirstCommits.push = dying
    create(place)


def is_finished(place: Path) -> bool:
    """Died after the last transaction: to say it again is refused, for everything is there."""
    metadata, _, _ = parts(place)
    return bool(metadata.projects.all())


def copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)


class Sweep:
    """Everything happens at one place, for paths are recorded, and in children, for locks are inherited."""

    def __init__(self, home: Path) -> None:
        self.home, self.place = home, home / "place"
        self.killed, self.differing = 0, []
        (home / "nothing").mkdir()
        assert in_child(lambda: parts(home / "nothing")) == 0
        copy(home / "nothing", self.place)
        self.nothing = self.seen()
        assert in_child(lambda: create(self.place)) == 0
        copy(self.place, home / "whole")
        self.whole = self.seen()

    def seen(self) -> list[Any]:
        out = self.home / "state.json"
        assert in_child(lambda: out.write_text(state(self.place))) == 0
        found: list[Any] = json.loads(out.read_text())
        return found

    def kill(self, start: str, work: Callable[[], object], moment: object, how: int = KILLED) -> bool:
        """Die at one moment; False: the work came to its end first."""
        copy(self.home / start, self.place)
        ended = in_child(work)
        if ended == 0:
            return False
        if ended != how:
            self.differing.append([moment, f"ended with {ended}"])
        self.killed += 1
        return True

    def go_on(self, moment: object) -> None:
        """Said again, it ends as if undisturbed."""
        if in_child(lambda: is_finished(self.place) or create(self.place)) != 0:
            self.differing.append([moment, "could not be gone on with"])
        elif self.seen() != self.whole:
            self.differing.append([moment, "went on and ended otherwise"])

    def undo(self, moment: object) -> None:
        """Deleted, nothing is left; clones are people's and stay."""
        if in_child(lambda: is_known(self.place) and delete(self.place)) != 0:
            self.differing.append([moment, "could not be deleted"])
            return
        repositories, _, rows = self.seen()
        if [repositories, rows] != [self.nothing[0], self.nothing[2]]:
            self.differing.append([moment, "something is left"])


def main() -> None:
    first_commit.render = render
    first_commit.parse_answers = lambda template, words: dict(words)
    what, first, stride, inside = sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), "inside" in sys.argv
    sweep = Sweep(Path(sys.argv[1]))
    start, work = ("nothing", create) if what == "create" else ("whole", delete)

    def dies(fuse: int) -> None:
        Bomb(fuse, inside=inside)
        work(sweep.place)

    fuse = first
    while sweep.kill(start, lambda: dies(fuse), fuse):  # noqa: B023  done before it changes
        if what == "create" and fuse // stride % 4 < 2:
            sweep.go_on(fuse)
        else:
            sweep.undo(fuse)
        fuse += stride
    for role in ("build", "deploy") if what == "create" and not inside else ():
        for then in (sweep.go_on, sweep.undo):
            sweep.kill("nothing", lambda: push_dies(sweep.place, role), role, how=-9)  # noqa: B023
            then(role)
    print(json.dumps({"killed": sweep.killed, "differing": sweep.differing}))


if __name__ == "__main__":
    main()
