"""What every Git host keeps to: the embedded one itself, the others as doubles that take what their published API takes.

The doubles are servers on real sockets with real Git behind them (see tests/git_host_doubles); they are not the hosts.
"""

import dataclasses
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stamina
from git_host_doubles.double import OWNER, SECRET, TOKEN, Double, Fault, basic
from git_host_doubles.double import git as raw_git
from git_host_doubles.hosts import ENVIRON, ROUTES, double_of, settings_for

from spalje.errors import BadInput, Conflict, NotFound, SpaljeError
from spalje.project import git
from spalje.project.git_hosts.failure import HostFailed, Lost
from spalje.project.git_hosts.open import open_host
from spalje.project.git_hosts.port import GitHost, Remote
from spalje.project.hook import HookSpec
from spalje.registry.project import Project
from spalje.workspace import Workspace

KINDS = ("embedded", *ROUTES)
#: Hosts that were opened, by kind: to open one takes longer than to ask it.
OPEN: dict[str, Any] = {}
ADA = git.Author("Ada Lovelace", "ada@example.org")
#: A word that nobody may repeat.
HIDDEN = "a-secret-value-of-ours"
VARIABLES = {"SPALJE_MODEL_VERSION": "fresh/7", "SPALJE_STATUS": "approved"}
#: Forms in which a token could get out.
TOKEN_FORMS = (
    TOKEN,
    *(
        basic(user, TOKEN).split(" ")[1]
        for user in (ENVIRON["HOST_USER"], "oauth2", "x-access-token", "x-bitbucket-api-token-auth")
    ),
)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same tries, without the seconds between them; and no proxy on the way to this machine."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    stamina.set_testing(True, attempts=10, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture(scope="module")
def doubles() -> Iterator[Callable[[str], Double]]:
    """One server for each kind, for the whole module."""
    with ExitStack() as stack:
        running: dict[str, Double] = {}

        def get(kind: str) -> Double:
            if kind not in running:
                running[kind] = stack.enter_context(double_of(kind))
            running[kind].forget()
            return running[kind]

        yield get


@dataclass
class Bench:
    """A host, and what is behind it."""

    kind: str
    host: GitHost
    double: Double | None
    folder: Path
    started: list[tuple[str, str, dict[str, str]]]

    @property
    def has_ci(self) -> bool:
        return self.kind not in {"embedded", "bitbucket-data-center"}

    def variables(self, repository: str) -> dict[str, tuple[str, bool]]:
        assert self.double
        return self.double.get(repository).variables

    def push(self, repository: str, branch: str = "main", text: str = "1") -> str:
        """Commit to a branch and push it, as Spaljé does; the commit."""
        clone = self.folder / "clone" / repository
        remote = self.host.remote(repository)
        if not clone.exists():
            git.clone(remote.url, clone, remote.environ)
        if branch != "main":
            raw_git(clone, "checkout", "-q", *([] if git.branch(clone, branch) else ["-b"]), branch)
        (clone / f"{branch.replace('/', '-')}.txt").write_text(text)
        sha = git.commit_all(clone, f"{branch} {text}", ADA)
        git.push(clone, remote.url, branch, remote.environ)
        if branch != "main":
            raw_git(clone, "checkout", "-q", "main", check=False)
        return sha

    def bare(self, repository: str) -> Path:
        return self.double.get(repository).path if self.double else Path(self.host.remote(repository).url)

    def end(self, repository: str, number: int, how: str) -> None:
        """What a person does to a pull request."""
        if self.double:
            self.double.get(repository).pulls[number - 1]["state"] = how
            return
        path = self.bare(repository)
        request = next(one for one in self.host.pull_requests(repository) if one.number == number)
        if how == "merged":
            raw_git(path, "update-ref", "refs/heads/main", f"refs/heads/{request.source}")
        else:
            raw_git(path, "branch", "-D", request.source)


@pytest.fixture(params=KINDS)
def bench(
    request: pytest.FixtureRequest, doubles: Callable[[str], Double], tmp_path: Path
) -> Iterator[Bench]:
    yield from bench_of(request.param, doubles, tmp_path)


@pytest.fixture(params=ROUTES)
def remote_bench(
    request: pytest.FixtureRequest, doubles: Callable[[str], Double], tmp_path: Path
) -> Iterator[Bench]:
    """Only hosts that are asked over HTTP."""
    yield from bench_of(request.param, doubles, tmp_path)


def bench_of(kind: str, doubles: Callable[[str], Double], folder: Path) -> Iterator[Bench]:
    started: list[tuple[str, str, dict[str, str]]] = []

    def order(repository: str, branch: str, variables: dict[str, str]) -> str:
        started.append((repository, branch, dict(variables)))
        return "job 1"

    pushed = (
        sys.executable,
        "-c",
        "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())",
        str(folder / "pushed"),
    )
    where = {"folder": folder / "git", "hook": HookSpec(pushed), "environ": ENVIRON, "order": order}
    if kind == "embedded":
        yield Bench(kind, open_host(kind, None, **where), None, folder, started)
        return
    double = doubles(kind)
    if kind not in OPEN or OPEN[kind].credential.settings.url != double.address:
        OPEN[kind] = open_host("ours", settings_for(double), **where)
    yield Bench(kind, OPEN[kind], double, folder, started)
    assert not double.undescribed, "the host's API has no such thing"


# What the port says of every host


def test_it_has_the_name_of_the_settings(bench: Bench):
    assert bench.host.name == ("embedded" if bench.kind == "embedded" else "ours")


def test_what_is_created_is_found_and_says_what_it_is(bench: Bench):
    assert bench.host.find("fresh-build") is None
    made = bench.host.create("fresh-build", "Fresh produce [spalje:m4rk]")
    assert made == bench.host.find("fresh-build")
    assert (made.name, made.description) == ("fresh-build", "Fresh produce [spalje:m4rk]")
    assert made.url == bench.host.remote("fresh-build").url
    assert made.page
    assert bench.host.find("fresh-deploy") is None


def test_what_is_created_is_empty_and_its_branch_is_main(bench: Bench):
    url = bench.host.create("fresh-build", "x").url
    remote = bench.host.remote("fresh-build")
    assert raw_git(bench.bare("fresh-build"), "for-each-ref") == ""
    commit = bench.push("fresh-build")
    git.clone(url, bench.folder / "again", remote.environ)
    assert git.resolve(bench.folder / "again", "HEAD") == commit
    assert (bench.folder / "again" / "main.txt").exists()


def test_what_is_there_is_left_as_it_is(bench: Bench):
    bench.host.create("fresh-build", "mine")
    commit = bench.push("fresh-build")
    with pytest.raises(Conflict, match="already a repository") as said:
        bench.host.create("fresh-build", "mine")
    assert "Choose another name" in said.value.do
    assert bench.host.find("fresh-build").description == "mine"
    assert git.branch(bench.bare("fresh-build"), "main") == commit


def test_what_is_deleted_is_gone_and_may_be_made_again(bench: Bench):
    bench.host.delete("fresh-build")
    bench.host.create("fresh-build", "x")
    bench.push("fresh-build")
    bench.host.delete("fresh-build")
    bench.host.delete("fresh-build")
    assert bench.host.find("fresh-build") is None
    assert (
        raw_git(bench.bare("fresh-build"), "for-each-ref") == ""
        if bench.host.create("fresh-build", "y")
        else False
    )
    assert bench.host.find("fresh-build").description == "y"


def test_the_way_to_a_repository_is_known_before_there_is_one(bench: Bench):
    remote = bench.host.remote("nowhere-build")
    with pytest.raises(BadInput):
        git.clone(remote.url, bench.folder / "clone", remote.environ)


def test_a_protected_branch_takes_pushes_and_nothing_else(bench: Bench):
    bench.host.create("fresh-build", "x")
    for _ in range(2):
        bench.host.protect("fresh-build", "main")
    bench.push("fresh-build")
    last = bench.push("fresh-build", text="2")
    bench.push("fresh-build", "topic")
    clone = bench.folder / "clone" / "fresh-build"
    remote = bench.host.remote("fresh-build")
    for refspec in (":refs/heads/main", "+main~1:refs/heads/main"):
        assert pushed(clone, remote, refspec) != 0
    assert git.branch(bench.bare("fresh-build"), "main") == last
    assert pushed(clone, remote, ":refs/heads/topic") == 0
    assert git.branch(bench.bare("fresh-build"), "topic") is None


def pushed(clone: Path, remote: Remote, refspec: str) -> int:
    """Push as anybody would, with Git's exit code."""
    environ = {**os.environ, **remote.environ}
    return subprocess.run(
        ["git", "push", "-q", remote.url, refspec], cwd=clone, env=environ, check=False, capture_output=True
    ).returncode


def test_a_protected_branch_is_protected_once(bench: Bench):
    bench.host.create("fresh-build", "x")
    for branch in ("main", "main", "stable/1"):
        bench.host.protect("fresh-build", branch)
    per_branch = 2 if bench.kind.startswith("bitbucket") else 1
    if bench.double:
        assert len(bench.double.get("fresh-build").rules) == 2 * per_branch
    else:
        protected = raw_git(bench.bare("fresh-build"), "config", "--get-all", "spalje.protected").splitlines()
        assert protected == ["refs/heads/main", "refs/heads/stable/1"]


def test_a_variable_has_the_last_value_it_was_given(bench: Bench):
    bench.host.create("fresh-deploy", "x")
    for name, value in (("ONE", "1"), ("TWO", "2"), ("THREE", "3"), ("ONE", "uno")):
        bench.host.set_variable("fresh-deploy", name, value, secret=False)
    for value in (HIDDEN, HIDDEN + "-new"):
        bench.host.set_variable("fresh-deploy", "PASSWORD", value, secret=True)
    if bench.has_ci:
        assert bench.variables("fresh-deploy") == {
            "ONE": ("uno", False), "TWO": ("2", False), "THREE": ("3", False), "PASSWORD": (HIDDEN + "-new", True),
        }  # fmt: skip


def test_what_becomes_a_secret_is_one(bench: Bench):
    bench.host.create("fresh-deploy", "x")
    bench.host.set_variable("fresh-deploy", "PASSWORD", "for-all-to-see", secret=False)
    bench.host.set_variable("fresh-deploy", "PASSWORD", HIDDEN, secret=True)
    if bench.has_ci:
        assert bench.variables("fresh-deploy")["PASSWORD"] == (HIDDEN, True)


def test_a_host_without_ci_keeps_no_variables(bench: Bench):
    bench.host.create("fresh-deploy", "x")
    before = sorted(bench.bare("fresh-deploy").rglob("*"))
    bench.host.set_variable("fresh-deploy", "PASSWORD", HIDDEN, secret=True)
    assert bool(bench.double and bench.double.get("fresh-deploy").variables) is bench.has_ci
    assert sorted(bench.bare("fresh-deploy").rglob("*")) == before


def test_the_workspace_is_told_of_pushes_and_pull_requests_once(bench: Bench):
    bench.host.create("fresh-build", "x")
    for _ in range(2):
        bench.host.announce("fresh-build", "fresh", "build")
    if bench.double is None:
        commit = bench.push("fresh-build")
        assert (bench.folder / "pushed").read_text().split() == ["0" * 40, commit, "refs/heads/main"]
        return
    (hook,) = bench.double.get("fresh-build").hooks
    text = str(hook)
    assert "https://spalje.example.org/webhooks/ours" in text
    assert SECRET in text
    assert hook.get("active", True)
    assert "push" in text or "repo:refs_changed" in text
    assert any(
        word in text for word in ("pull_request", "merge_requests_events", "pullrequest:created", "pr:opened")
    )


def test_a_pull_request_is_open_once_and_says_what_was_said_last(bench: Bench):
    ready(bench, "spalje/update-1.2.0")
    first = bench.host.propose("fresh-build", "spalje/update-1.2.0", "main", "Update", "What is new")
    again = bench.host.propose(
        "fresh-build", "spalje/update-1.2.0", "main", "Update to 1.2.0", "# What\n\nis *new*"
    )
    assert first.number == again.number
    assert (again.title, again.body, again.state) == ("Update to 1.2.0", "# What\n\nis *new*", "open")
    assert (again.source, again.target, again.repository) == ("spalje/update-1.2.0", "main", "fresh-build")
    assert again.page
    assert bench.host.pull_requests("fresh-build") == (again,)


def test_open_pull_requests_come_oldest_first(bench: Bench):
    branches = [f"topic-{number}" for number in range(5)]
    ready(bench, *branches)
    for branch in branches:
        bench.host.propose("fresh-build", branch, "main", branch, "")
    assert [one.source for one in bench.host.pull_requests("fresh-build")] == branches
    bench.end("fresh-build", 2, "closed")
    bench.end("fresh-build", 4, "merged")
    assert [one.source for one in bench.host.pull_requests("fresh-build")] == [
        "topic-0",
        "topic-2",
        "topic-4",
    ]


def test_after_the_end_of_one_another_is_opened(bench: Bench):
    ready(bench, "topic")
    first = bench.host.propose("fresh-build", "topic", "main", "One", "")
    bench.end("fresh-build", first.number, "merged")
    assert bench.host.pull_requests("fresh-build") == ()
    bench.push("fresh-build", "topic", "more")
    second = bench.host.propose("fresh-build", "topic", "main", "Two", "")
    assert second.number != first.number
    assert bench.host.pull_requests("fresh-build") == (second,)


def test_a_branch_that_is_not_there_cannot_be_proposed(bench: Bench):
    ready(bench)
    with pytest.raises(SpaljeError):
        bench.host.propose("fresh-build", "nothing", "main", "x", "")
    assert bench.host.pull_requests("fresh-build") == ()


def ready(bench: Bench, *branches: str) -> None:
    bench.host.create("fresh-build", "x")
    bench.push("fresh-build")
    for branch in branches:
        bench.push("fresh-build", branch)


def test_an_approval_starts_the_repositorys_ci(bench: Bench):
    bench.host.create("fresh-deploy", "x")
    bench.push("fresh-deploy")
    said = bench.host.trigger("fresh-deploy", "main", VARIABLES)
    assert said
    started = bench.double.get("fresh-deploy").started if bench.double else [one[1:] for one in bench.started]
    assert started == [("main", VARIABLES)]
    if bench.kind == "bitbucket-data-center":
        assert raw_git(bench.bare("fresh-deploy"), "tag") == "spalje/approved/fresh-7"
        bench.host.trigger("fresh-deploy", "main", VARIABLES)
        assert raw_git(bench.bare("fresh-deploy"), "tag").split()[1] == "spalje/approved/fresh-7-2"


HOSTILE = (
    "../up",
    "a/b",
    "",
    ".git",
    "-x",
    "x.git",
    "a b",
    "x\n",
    "é",
    "x" * 101,
    "a..b",
    "?x",
    "%2e%2e",
    "x.wiki",
)


def test_hostile_names_are_refused_before_anything_is_asked(bench: Bench):
    host = bench.host
    calls: tuple[Callable[[str], object], ...] = (
        host.find,
        lambda name: host.create(name, "x"),
        host.delete,
        host.remote,
        lambda name: host.protect(name, "main"),
        lambda name: host.set_variable(name, "A", "b", secret=False),
        lambda name: host.announce(name, "fresh", "build"),
        lambda name: host.propose(name, "a", "main", "x", ""),
        host.pull_requests,
        lambda name: host.trigger(name, "main", VARIABLES),
    )
    for name in HOSTILE:
        for call in calls:
            with pytest.raises(BadInput, match="cannot be called"):
                call(name)
    assert not (bench.double and bench.double.asked)
    assert not (bench.folder / "git").exists()


# What is said of hosts that are asked over HTTP


def test_capital_letters_are_no_trouble(remote_bench: Bench):
    made = remote_bench.host.create("Fresh_Produce-build", "x")
    assert remote_bench.host.find("Fresh_Produce-build") == made
    remote_bench.push("Fresh_Produce-build")


def test_a_busy_host_is_asked_again(remote_bench: Bench):
    double = remote_bench.double
    double.faults += [
        Fault(429, "GET", headers={"Retry-After": "1"}),
        Fault(429, "POST", headers={"Retry-After": "1"}),
    ]
    remote_bench.host.create("fresh-build", "x")
    assert not double.faults
    assert list(double.repositories) == ["fresh-build"]


def test_a_busy_host_is_left_alone_as_long_as_it_says(
    doubles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (bench,) = bench_of("github", doubles, tmp_path)
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    stamina.set_testing(False)
    bench.double.faults += [Fault(429, headers={"Retry-After": "7"}), Fault(403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "11"}), Fault(502)]  # fmt: skip
    assert bench.host.find("fresh-build") is None
    assert 7 <= slept[0] <= 8.1
    assert 11 <= slept[1] <= 12.1
    assert 0 < slept[2] <= 10
    bench.double.faults.append(Fault(429, headers={"Retry-After": "3600"}))
    with pytest.raises(HostFailed) as said:
        bench.host.find("fresh-build")
    assert "3600 s" in said.value.do
    assert len(slept) == 3


def test_a_broken_host_is_asked_again_and_nothing_happens_twice(remote_bench: Bench):
    double = remote_bench.double
    double.faults += [Fault(500, "GET"), Fault(502, "GET"), Fault(503, "GET"), Fault(500, "POST"), Fault(504, "POST"), Fault(503, "POST")]  # fmt: skip
    remote_bench.host.create("fresh-build", "x")
    assert not double.faults
    assert list(double.repositories) == ["fresh-build"]


def test_five_tries_are_all(remote_bench: Bench):
    remote_bench.double.faults += [Fault(503, body='{"message": "down for a moment"}')] * 9
    with pytest.raises(HostFailed, match="503"):
        remote_bench.host.find("fresh-build")
    assert len(remote_bench.double.asked) == 5


@pytest.mark.parametrize("times", [1, 2])
def test_after_a_lost_answer_there_is_exactly_one_of_everything(remote_bench: Bench, times: int):
    double = remote_bench.double
    lost = [Fault(method="POST", lost=True)] * times

    def losing(call: Callable[[], object]) -> object:
        double.faults += lost
        done = call()
        double.faults.clear()
        return done

    made = losing(lambda: remote_bench.host.create("fresh-build", "our mark"))
    assert made == remote_bench.host.find("fresh-build")
    assert list(double.repositories) == ["fresh-build"]
    kept = double.get("fresh-build")
    for branch in ("main", "topic"):
        remote_bench.push("fresh-build", branch)
    losing(lambda: remote_bench.host.protect("fresh-build", "main"))
    losing(lambda: remote_bench.host.announce("fresh-build", "fresh", "build"))
    losing(lambda: remote_bench.host.set_variable("fresh-build", "ONE", "1", secret=False))
    losing(lambda: remote_bench.host.propose("fresh-build", "topic", "main", "x", "y"))
    assert (len(kept.hooks), len(kept.pulls)) == (1, 1)
    assert len(kept.rules) == (2 if remote_bench.kind.startswith("bitbucket") else 1)
    if remote_bench.has_ci:
        assert kept.variables == {"ONE": ("1", False)}


def test_somebody_elses_repository_is_not_taken_for_ours_after_a_lost_answer(remote_bench: Bench):
    double = remote_bench.double
    double.faults.append(Fault(500, "POST"))
    first = remote_bench.host.find
    answers = iter([None])

    def others_are_faster(name: str) -> object:
        for answer in answers:
            return answer
        double.make(name, "somebody else's")
        return first(name)

    host = dataclasses.replace(remote_bench.host)
    object.__setattr__(host, "find", others_are_faster)
    with pytest.raises(Conflict):
        host.create("fresh-build", "ours")


def test_an_approval_is_not_started_twice(remote_bench: Bench):
    remote_bench.host.create("fresh-deploy", "x")
    remote_bench.push("fresh-deploy")
    remote_bench.double.faults.append(Fault(method="POST", lost=True))
    with pytest.raises(Lost) as said:
        remote_bench.host.trigger("fresh-deploy", "main", VARIABLES)
    assert "look there first" in said.value.do
    assert len(remote_bench.double.get("fresh-deploy").started) == 1


@pytest.mark.parametrize(
    ("status", "do"), [(401, "HOST_TOKEN"), (403, "needs"), (404, "owner"), (409, "docs/git-hosts.md")]
)
def test_a_refusal_says_what_was_asked_and_what_to_do(remote_bench: Bench, status: int, do: str):
    text = remote_bench.double.routes.error("The host's own words.")
    body = __import__("json").dumps(text)
    remote_bench.double.faults += [Fault(status, "GET", body=body)]
    with pytest.raises(HostFailed) as said:
        remote_bench.host.pull_requests("fresh-build")
    message = str(said.value)
    assert "Git host 'ours'" in message
    assert remote_bench.double.address in message
    assert f"was answered {status}" in message
    assert "The host's own words." in message
    assert "GET /" in message
    assert do in said.value.do
    assert said.value.exit_code == 1


def test_a_wrong_token_is_told_by_the_name_of_its_variable(remote_bench: Bench):
    host = open_host("ours", settings_for(remote_bench.double), folder=remote_bench.folder, hook=HookSpec(()), environ={**ENVIRON, "HOST_TOKEN": "wrong-token-0815"})  # fmt: skip
    with pytest.raises(HostFailed, match="401") as said:
        host.find("fresh-build")
    assert "HOST_TOKEN" in said.value.do
    assert "wrong-token-0815" not in f"{said.value}{said.value.do}", (
        "the double repeats the headers that it got"
    )


def test_a_missing_token_is_told_by_the_name_of_its_variable(remote_bench: Bench):
    host = open_host("ours", settings_for(remote_bench.double), folder=remote_bench.folder, hook=HookSpec(()), environ={})  # fmt: skip
    for call in (lambda: host.find("x"), lambda: host.remote("x")):
        with pytest.raises(BadInput, match=r"HOST_(TOKEN|USER), which is not set"):
            call()
    assert not remote_bench.double.asked


def test_a_token_with_a_line_break_never_gets_into_a_header(remote_bench: Bench):
    host = open_host("ours", settings_for(remote_bench.double), folder=remote_bench.folder, hook=HookSpec(()), environ={**ENVIRON, "HOST_TOKEN": f"{TOKEN}\nX-Evil: 1"})  # fmt: skip
    with pytest.raises(BadInput, match="cannot stand in a header") as said:
        host.find("x")
    assert TOKEN not in str(said.value)


def test_a_host_that_is_not_there(remote_bench: Bench):
    settings = settings_for(remote_bench.double, url="http://127.0.0.1:9")
    host = open_host("ours", settings, folder=remote_bench.folder, hook=HookSpec(()), environ=ENVIRON)
    with pytest.raises(HostFailed, match="got no answer") as said:
        host.find("fresh-build")
    assert "can be reached" in said.value.do


def test_something_that_is_no_such_host_is_told_as_such(remote_bench: Bench):
    double, host = remote_bench.double, remote_bench.host
    calls = (host.find, host.pull_requests, lambda name: host.protect(name, "main"))
    for body in (
        "<html>Log in</html>",
        "{}",
        "[]",
        '"x"',
        "1",
        "null",
        "[1]",
        '{"values": 1}',
        '{"values": [1]}',
        "",
    ):
        errors: list[HostFailed] = []
        for call in calls:
            double.faults[:] = [Fault(200, body=body)] * 9
            try:
                call("fresh-build")
            except HostFailed as error:
                errors.append(error)
        assert errors
        assert all("its API does not say" in str(error) and "kind and url" in error.do for error in errors)
    double.faults.clear()


def test_another_owner_is_told_as_such(remote_bench: Bench):
    settings = settings_for(remote_bench.double, owner="nobody")
    host = open_host("ours", settings, folder=remote_bench.folder, hook=HookSpec(()), environ=ENVIRON)
    with pytest.raises(HostFailed) as said:
        host.create("fresh-build", "x")
    assert "owner" in said.value.do


@pytest.mark.parametrize("kind", ["github", "gitea"])
def test_a_users_own_repositories_are_made_for_the_tokens_user(kind: str, doubles, tmp_path: Path):
    double = doubles(kind)
    host = open_host(
        "ours", settings_for(double, owner="Eva"), folder=tmp_path, hook=HookSpec(()), environ=ENVIRON
    )
    assert host.create("fresh-build", "x").name == "fresh-build"


def test_an_invented_field_is_refused_by_the_double(remote_bench: Bench):
    host, double = remote_bench.host, remote_bench.double
    remote_bench.host.create("fresh-build", "x")
    path = host._path("fresh-build")
    invented = [("PUT", path, {"invented": True}), ("POST", f"{path}/hooks", {"url": "https://x", "invented": 1}), ("GET", f"{path}/inventions", None)]  # fmt: skip
    for method, where, body in invented:
        with pytest.raises(HostFailed):
            host._rest.ask(
                method,
                where.replace("/hooks", "/webhooks") if "data" in remote_bench.kind else where,
                send=body,
            )
    assert len(double.undescribed) == len(invented)
    assert any("invented" in one for one in double.undescribed)
    double.undescribed.clear()


def test_runs_read_commits_of_a_host_from_a_mirror(remote_bench: Bench, monkeypatch: pytest.MonkeyPatch):
    double = remote_bench.double
    url = remote_bench.host.create("fresh-build", "x").url
    commit = remote_bench.push("fresh-build")
    workspace = Workspace.create(remote_bench.folder / "ours")
    settings = workspace.settings.model_copy(update={"git_hosts": {"ours": settings_for(double)}})
    workspace = Workspace(workspace.folder, settings)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    project = Project("fresh", "", "", "", "", url, "", (), False, "never", at, "Eva", host="ours")
    workspace.metadata.projects.create(project)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    assert workspace.projects.host("ours").find("fresh-build").description == "x"
    found = workspace.code.checkout(url, "main")
    assert (found.sha, found.author) == (commit, str(ADA))
    assert (found.folder / "main.txt").read_text() == "1"
    double.delete("fresh-build")
    again = Workspace(workspace.folder, settings).code.checkout(url, commit)
    assert again == found, "the host is not asked for what is here"
    workspace.metadata.close()
    with pytest.raises(NotFound, match="There are: embedded, ours"):
        workspace.projects.host("theirs")


# Nothing secret gets out


def test_no_secret_is_repeated_whatever_the_host_says(remote_bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]):  # fmt: skip
    caplog.set_level(logging.DEBUG)
    host, double = remote_bench.host, remote_bench.double
    host.create("fresh-build", "x")
    said: list[str] = [repr(host), repr(host.remote("fresh-build")), str(host.remote("fresh-build"))]
    echo = f'{{"message": "{TOKEN} {TOKEN_FORMS[1]} {TOKEN_FORMS[2]} {SECRET} {HIDDEN}"}}'
    calls = (
        lambda: host.find("fresh-build"),
        lambda: host.announce("fresh-build", "fresh", "build"),
        lambda: host.set_variable("fresh-build", "PASSWORD", HIDDEN, secret=True),
        lambda: host.set_variable("fresh-build", "PASSWORD", HIDDEN, secret=False),
    )
    for status in (403, 500):
        for call in calls:
            for method in ("PUT", "POST", ""):
                double.faults[:] = [Fault(status, method, body=echo)] * 9
                try:
                    call()
                except SpaljeError as error:
                    chain: BaseException | None = error
                    while chain is not None:
                        said += [str(chain), repr(chain), getattr(chain, "do", "")]
                        chain = chain.__cause__ or chain.__context__
    double.faults.clear()
    remote = host.remote("nowhere-build")
    with pytest.raises(BadInput) as failed:
        git.clone(remote.url, remote_bench.folder / "nowhere", remote.environ)
    said += [str(failed.value), repr(failed.value), caplog.text, *capfd.readouterr()]
    everything = "\n".join(said)
    assert "was answered 403" in everything
    for word in (*TOKEN_FORMS, SECRET):
        assert word not in everything
    assert HIDDEN not in "".join(one for one in said if "variables" in one or "secrets" in one)
    for asked in double.asked:
        assert TOKEN not in asked.path


def test_git_gets_the_token_by_its_environment_only(remote_bench: Bench, monkeypatch: pytest.MonkeyPatch):
    host = remote_bench.host
    host.create("fresh-build", "x")
    words = remote_bench.folder / "words"
    wrapper = remote_bench.folder / "bin" / "git"
    wrapper.parent.mkdir()
    real = __import__("shutil").which("git")
    wrapper.write_text(f'#!/bin/sh\necho "$*" >> {words}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    remote_bench.push("fresh-build")
    said = words.read_text()
    assert "clone" in said
    assert "push" in said
    assert host.remote("fresh-build").url in said
    clone = remote_bench.folder / "clone" / "fresh-build"
    kept = "".join(file.read_text(errors="replace") for file in (clone / ".git").rglob("*") if file.is_file())
    for word in TOKEN_FORMS:
        assert word not in said
        assert word not in kept


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_to_another_host_does_not_get_the_token(remote_bench: Bench, doubles, status: int):
    other = doubles("gitlab" if remote_bench.kind != "gitlab" else "github")
    remote_bench.double.faults += [Fault(status, "GET", headers={"Location": f"{other.address}/elsewhere"})]
    with pytest.raises(HostFailed, match="redirection") as said:
        remote_bench.host.pull_requests("fresh-build")
    assert other.address.removeprefix("http://") in str(said.value)
    assert not other.asked


def test_git_follows_no_redirection(remote_bench: Bench, doubles):
    other = doubles("gitlab" if remote_bench.kind != "gitlab" else "github")
    double = remote_bench.double
    remote = remote_bench.host.remote("fresh-build")
    moved = Fault(302, path=".git", headers={"Location": f"{other.address}/{OWNER}/fresh-build.git/info/refs?service=git-upload-pack"})  # fmt: skip
    double.faults.append(moved)
    with pytest.raises(BadInput):
        git.clone(remote.url, remote_bench.folder / "clone", remote.environ)
    assert double.asked_by_git
    assert not other.asked_by_git
    double.faults.append(moved)
    careless = {name: value.replace("false", "true") for name, value in remote.environ.items()}
    with pytest.raises(BadInput):
        git.clone(remote.url, remote_bench.folder / "clone", careless)
    assert other.asked_by_git, "else the double redirects nobody"


def test_the_proxy_of_the_environment_is_used(remote_bench: Bench, monkeypatch: pytest.MonkeyPatch):
    double = remote_bench.double
    monkeypatch.setenv("http_proxy", double.address)
    settings = settings_for(double, url="http://127.0.0.1:9")
    host = open_host("ours", settings, folder=remote_bench.folder, hook=HookSpec(()), environ=ENVIRON)
    assert host.find("fresh-build") is None
    assert double.asked


def test_without_an_address_nothing_is_announced(remote_bench: Bench):
    settings = settings_for(remote_bench.double, webhook_url="", webhook_secret_env=None)
    host = open_host("ours", settings, folder=remote_bench.folder, hook=HookSpec(()), environ=ENVIRON)
    host.announce("fresh-build", "fresh", "build")
    assert not remote_bench.double.asked
