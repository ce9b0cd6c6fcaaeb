"""Killed, failed or fought over at any moment: creating ends with one of everything, undoing with nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from folder_host import Disturbed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from spalje.errors import Conflict, NotFound, Refused, SpaljeError, UsageError
from spalje.execution.lease import Heartbeat
from spalje.project.creation import deletion as deleting
from spalje.project.creation.creation import Creation
from spalje.project.creation.deletion import Deletion
from spalje.project.creation.first_commit import FirstCommits
from spalje.project.git import Author
from spalje.project.git_hosts.failure import HostFailed
from spalje.project.git_hosts.port import Remote, Repository
from spalje.registry.project import Project
from spalje.storage.metadata import open_metadata

ADA = Author("Ada Lovelace", "ada@example.org")
AT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("what", "first", "stride", "inside"),
    [("create", 1, 4, False), ("create", 7, 23, True), ("delete", 2, 5, False), ("delete", 5, 23, True)],
)
def test_killed_at_many_moments(tmp_path: Path, what: str, first: int, stride: int, inside: bool) -> None:
    """With first and stride 1 the program does every moment."""
    sweep = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).parent / "creation_sweep.py"),
            str(tmp_path),
            what,
            str(first),
            str(stride),
            *(["inside"] if inside else []),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert sweep.returncode == 0, sweep.stderr
    result = json.loads(sweep.stdout.splitlines()[-1])
    assert result["differing"] == [], sweep.stderr
    assert result["killed"] >= {"create": 7, "delete": 5}[what], (
        "the sweep did not reach the moments it is about"
    )


class Died(BaseException):
    """Stands for the end of a process: nobody catches it."""


@dataclass
class MemoryHost:
    """A host in memory. What is pushed is noted by hand, for Git is not what this is about."""

    name: str = "memory"
    repositories: dict[str, dict[str, Any]] = field(default_factory=dict)

    def find(self, repository: str) -> Repository | None:
        if repository not in self.repositories:
            return None
        place = f"memory:{repository}"
        return Repository(repository, place, place, self.repositories[repository]["description"])

    def create(self, repository: str, description: str) -> Repository:
        if repository in self.repositories:
            raise Conflict(f"There is a repository {repository}.")
        self.repositories[repository] = {"description": description, "told": set(), "main": None}
        found = self.find(repository)
        assert found
        return found

    def delete(self, repository: str) -> None:
        self.repositories.pop(repository, None)

    def remote(self, repository: str) -> Remote:
        return Remote(f"memory:{repository}")

    def protect(self, repository: str, branch: str) -> None:
        self.repositories[repository]["told"].add(("protected", branch))

    def set_variable(self, repository: str, name: str, value: str, *, secret: bool) -> None:
        self.repositories[repository]["told"].add((name, value))

    def announce(self, repository: str, project: str, role: str) -> None:
        self.repositories[repository]["told"].add(("announced", project, role))

    def pull_requests(self, repository: str) -> tuple[()]:
        return ()


@dataclass
class Trouble:
    """What goes wrong at one of the changing calls: nothing is done, or all is done and nobody hears of it."""

    kind: str
    at: int

    def before(self, number: int) -> None:
        if number == self.at and self.kind in ("fails", "dies before"):
            self.strike()

    def after(self, number: int) -> None:
        if number == self.at and self.kind in ("answer lost", "dies after"):
            self.strike()

    def strike(self) -> None:
        raise Died if self.kind.startswith("dies") else HostFailed("memory did not answer.")


TROUBLES = st.builds(
    Trouble, st.sampled_from(["none", "fails", "answer lost", "dies before", "dies after"]), st.integers(1, 9)
)
TITLES = st.sampled_from(["Dairy", "Milk"])
WHOLE = {
    role: {("SPALJE_PROJECT", "dairy"), ("protected", "main"), ("announced", "dairy", role)}
    for role in ("build", "deploy")
}


class OneProject(RuleBasedStateMachine):
    """People create and delete the project ``dairy``, in trouble and out of it, and somebody else has repositories."""

    def __init__(self, folder: Path, numbers: Iterator[int]) -> None:
        super().__init__()
        self.number = next(numbers)
        self.metadata = open_metadata(f"sqlite:///{folder / 'metadata.db'}")
        self.host = MemoryHost()
        self.foreign: dict[str, dict[str, Any]] = {}
        self.marks = count(1)

    def hold(self, trouble: Trouble) -> Any:
        """Leases of a process that is found dead when it died."""
        return Heartbeat(self.metadata, "here", 1e6, lambda: AT).hold

    @rule(trouble=TROUBLES, title=TITLES)
    def create(self, trouble: Trouble, title: str) -> None:
        before = self.metadata.undertakings.get("dairy")
        was_there = bool(self.metadata.projects.all())
        disturbed = Disturbed(self.host, trouble.before, trouble.after)
        wanted = Project(
            name="dairy", title=title, owner="Shops", template="tiny", template_version="", build_repository="",
            deploy_repository="", approvers=(), four_eyes=False, retrain="auto", created_at=AT, created_by="Ada",
            host="memory",
        )  # fmt: skip
        try:
            made = Creation(
                metadata=self.metadata, host=disturbed, settings=None,
                template=lambda version: SimpleNamespace(version="1.0.0"), keep=lambda made: made, alone=self.hold(trouble), environ={},
                clock=lambda: AT, new_mark=lambda: f"{next(self.marks):04}",
            ).create(wanted, ADA).project  # fmt: skip
        except (SpaljeError, Died) as error:
            said = type(error)
            if was_there:
                assert said in (UsageError, Conflict)
            elif before is not None and before.what == "create" and before.wanted["title"] != title:
                assert said is Refused
            elif not self.foreign and (before is None or before.what == "create"):
                assert trouble.kind != "none"  # nothing else is in the way
        else:
            assert not was_there
            assert made == self.metadata.projects.get("dairy")
            assert before is None or before.wanted["title"] == title

    @rule(trouble=TROUBLES)
    def delete(self, trouble: Trouble) -> None:
        known = bool(self.metadata.projects.all() or self.metadata.undertakings.all())
        disturbed = Disturbed(self.host, trouble.before, trouble.after)
        try:
            Deletion(
                metadata=self.metadata, hosts=lambda name: disturbed, alone=self.hold(trouble),
                logs=(), clock=lambda: AT,
            ).delete("dairy", "Bo")  # fmt: skip
        except NotFound:
            assert not known
        except (SpaljeError, Died):
            assert trouble.kind != "none"
        else:
            assert known
            assert self.metadata.projects.all() == self.metadata.undertakings.all() == ()

    @precondition(lambda self: len(self.foreign) < 1)
    @rule(role=st.sampled_from(["build", "deploy"]))
    def somebody_comes(self, role: str) -> None:
        name = f"dairy-{role}"
        if name not in self.host.repositories:
            self.host.create(name, "mine")
            self.foreign[name] = dict(self.host.repositories[name])

    @precondition(lambda self: self.foreign)
    @rule()
    def somebody_goes(self) -> None:
        self.host.repositories.pop(self.foreign.popitem()[0])

    @invariant()
    def what_is_somebody_elses_is_as_it_was(self) -> None:
        for name, was in self.foreign.items():
            assert self.host.repositories[name] == was

    @invariant()
    def a_project_is_whole_or_under_way(self) -> None:
        under_way, projects = self.metadata.undertakings.get("dairy"), self.metadata.projects.all()
        ours = {name: told for name, told in self.host.repositories.items() if name not in self.foreign}
        if projects and under_way is None:
            assert {name: told["told"] for name, told in ours.items()} == {
                f"dairy-{role}": told for role, told in WHOLE.items()
            }
            assert all(told["main"] == f"{projects[0].title} {name}" for name, told in ours.items())
            assert len({told["description"][-5:] for told in ours.values()}) == 1  # of one mark
        if not projects and under_way is None:
            assert ours == {}
        if under_way is not None:
            assert bool(projects) == (under_way.what == "delete" and under_way.wanted["whole"])

    def teardown(self) -> None:
        with self.metadata.database.write() as connection:
            for table in ("undertaking", "project", "lease"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        self.metadata.close()


def test_no_order_of_events_leaves_half_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machines: list[OneProject] = []

    class Here(OneProject):
        def __init__(self) -> None:
            super().__init__(tmp_path, count())
            machines.append(self)

    @dataclass(frozen=True)
    class Noted:
        title: str
        answers: dict[str, Any]
        secret: frozenset[str] = frozenset()

        def push(self, role: str, remote: Remote) -> None:
            name = remote.url.removeprefix("memory:")
            told = machines[-1].host.repositories[name]
            wanted = f"{self.title} {name}"
            if told["main"] not in (None, wanted):
                raise Refused("main is at another commit")
            told["main"] = wanted

    def make(template: object, project: str, answers: dict[str, Any], *rest: object) -> Any:
        return Noted(answers["title"], dict(answers))

    monkeypatch.setattr(FirstCommits, "make", make)
    monkeypatch.setattr(deleting.git, "count_commits", lambda url, environ=None: 1)
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=30,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
