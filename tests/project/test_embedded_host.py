"""What is the embedded host's own, beside the contract of all hosts (tests/contracts/test_git_hosts.py)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from git_host_doubles.double import git as raw_git

from spalje.errors import BadInput, Conflict, NotFound
from spalje.project import git
from spalje.project.git_hosts.embedded import EmbeddedHost
from spalje.project.hook import HookSpec

ADA = git.Author("Ada Lovelace", "ada@example.org")


@pytest.fixture
def host(tmp_path: Path) -> EmbeddedHost:
    pushed = (
        sys.executable,
        "-c",
        "import sys; open(sys.argv[1], 'a').write(sys.argv[-1])",
        str(tmp_path / "told"),
    )
    return EmbeddedHost(tmp_path / "it's a workspace" / "git", HookSpec(pushed))


def pushed(host: EmbeddedHost, tmp_path: Path, branch: str = "main") -> str:
    clone = tmp_path / "clone"
    if not clone.exists():
        git.clone(host.remote("fresh-build").url, clone)
    if branch != "main":
        raw_git(clone, "checkout", "-q", "-B", branch)
    (clone / branch.replace("/", "-")).write_text(branch)
    sha = git.commit_all(clone, branch, ADA)
    git.push(clone, branch=branch)
    return sha


def test_hooks_run_whatever_a_persons_settings_of_git_say(host: EmbeddedHost, tmp_path: Path, monkeypatch):
    host.create("fresh-build", "x")
    host.announce("fresh-build", "fresh", "build")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".gitconfig").write_text("[core]\n\thooksPath = /nowhere\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    clone = tmp_path / "clone"
    git.clone(host.remote("fresh-build").url, clone)
    (clone / "file").touch()
    git.commit_all(clone, "1", ADA)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(
        ["git", "push", "-q", "origin", "HEAD:main"], cwd=clone, env=environ, check=True, capture_output=True
    )
    assert (tmp_path / "told").read_text() == "build"


def test_a_refused_push_says_why(host: EmbeddedHost, tmp_path: Path):
    host.create("fresh-build", "x")
    host.protect("fresh-build", "main")
    pushed(host, tmp_path)
    clone = tmp_path / "clone"
    (clone / "second").write_text("2")
    git.commit_all(clone, "2", ADA)
    git.push(clone)
    raw_git(clone, "reset", "-q", "--hard", "HEAD~1")
    done = subprocess.run(
        ["git", "push", "-q", "--force"], cwd=clone, check=False, capture_output=True, text=True
    )
    assert (
        "refs/heads/main is protected: its history cannot be rewritten. Pull, then push again." in done.stderr
    )
    host.protect("fresh-build", "stable")
    raw_git(clone, "push", "-q", "origin", "main:stable")
    done = subprocess.run(["git", "push", "-q", "origin", ":stable"], cwd=clone, check=False, capture_output=True, text=True)  # fmt: skip
    assert "protected: it cannot be deleted" in done.stderr


def test_pull_requests_are_files_in_the_repository(host: EmbeddedHost, tmp_path: Path):
    host.create("fresh-build", "x")
    pushed(host, tmp_path)
    sha = pushed(host, tmp_path, "topic")
    request = host.propose("fresh-build", "topic", "main", "Tïtle", "Body")
    (file,) = (Path(host.remote("fresh-build").url) / "spalje" / "pull-requests").glob("*.json")
    said = json.loads(file.read_text(encoding="utf-8"))
    assert said["request"]["title"] == "Tïtle"
    assert said["commit"] == sha
    words = request.page.split(" ", 3)
    assert words[:2] == ["git", "-C"]


def test_nothing_new_is_no_pull_request(host: EmbeddedHost, tmp_path: Path):
    host.create("fresh-build", "x")
    pushed(host, tmp_path)
    raw_git(Path(host.remote("fresh-build").url), "branch", "topic", "main")
    with pytest.raises(BadInput, match="has everything"):
        host.propose("fresh-build", "topic", "main", "x", "")
    with pytest.raises(NotFound, match="nothing"):
        host.propose("fresh-build", "nothing", "main", "x", "")


def test_a_merged_one_stays_merged_when_its_branch_goes(host: EmbeddedHost, tmp_path: Path):
    host.create("fresh-build", "x")
    pushed(host, tmp_path)
    pushed(host, tmp_path, "topic")
    host.propose("fresh-build", "topic", "main", "x", "")
    bare = Path(host.remote("fresh-build").url)
    raw_git(bare, "update-ref", "refs/heads/main", "refs/heads/topic")
    assert host.pull_requests("fresh-build") == ()
    raw_git(bare, "branch", "-D", "topic")
    assert host.pull_requests("fresh-build") == ()
    (file,) = (bare / "spalje" / "pull-requests").glob("*.json")
    assert json.loads(file.read_text())["request"]["state"] == "merged"


def test_many_that_propose_at_once_make_one_pull_request(host: EmbeddedHost, tmp_path: Path):
    host.create("fresh-build", "x")
    pushed(host, tmp_path)
    pushed(host, tmp_path, "topic")
    program = (
        "import sys; from pathlib import Path; from spalje.project.git_hosts.embedded import EmbeddedHost;"
        "print(EmbeddedHost(Path(sys.argv[1])).propose('fresh-build', 'topic', 'main', 'x', '').number)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(host.folder)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert {one.communicate(timeout=60)[0].strip() for one in running} == {"1"}
    assert len(host.pull_requests("fresh-build")) == 1


def test_of_many_that_create_at_once_one_does(host: EmbeddedHost):
    program = (
        "import sys; from pathlib import Path; from spalje.project.git_hosts.embedded import EmbeddedHost;"
        "from spalje.errors import Conflict\n"
        "try: print(EmbeddedHost(Path(sys.argv[1])).create('fresh-build', sys.argv[2]).description)\n"
        "except Conflict: print('conflict')"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(host.folder), mark], stdout=subprocess.PIPE, text=True
        )
        for mark in "abc"
    ]
    said = sorted(one.communicate(timeout=60)[0].strip() for one in running)
    assert said[1:] == ["conflict", "conflict"]
    assert host.find("fresh-build").description == said[0]
    assert [path.name for path in host.folder.iterdir()] == ["fresh-build.git"]


def test_a_folder_that_is_there_is_left(host: EmbeddedHost):
    (host.folder / "fresh-build.git").mkdir(parents=True)
    with pytest.raises(Conflict, match="already"):
        host.create("fresh-build", "x")
    assert list((host.folder / "fresh-build.git").iterdir()) == []


def test_what_is_not_there_cannot_be_changed(host: EmbeddedHost):
    for call in (
        lambda: host.protect("fresh-build", "main"),
        lambda: host.announce("fresh-build", "fresh", "build"),
        lambda: host.set_variable("fresh-build", "A", "b", secret=False),
        lambda: host.pull_requests("fresh-build"),
        lambda: host.trigger("fresh-build", "main", {}),
    ):
        with pytest.raises(BadInput, match="There is no repository"):
            call()


def test_without_a_queue_an_approval_starts_nothing(host: EmbeddedHost):
    host.create("fresh-deploy", "x")
    with pytest.raises(BadInput, match=r"Nothing here builds fresh-deploy \(main\) for fresh/7"):
        host.trigger("fresh-deploy", "main", {"SPALJE_MODEL_VERSION": "fresh/7"})
