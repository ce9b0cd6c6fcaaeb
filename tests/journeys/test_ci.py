"""What a push sets off on the embedded host: real Git, real hooks, real workers."""

import hashlib
import hmac
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import small_project
from command import Command
from ended import ended
from small_project import git

from spalje.execution.lease import Heartbeat
from spalje.execution.owner import alive, process, this_process
from spalje.project.git_hosts.embedded import HOOK
from spalje.project.git_hosts.port import Remote
from spalje.project.hook import HookSpec
from spalje.registry.ci_job import Job
from spalje.workspace import Workspace, now
from spalje.workspace.projects import Projects

#: Tests of a repository that need no pytest: they write, as caches do, and read what the commit says.
TESTS = """
    import os, sys
    from pathlib import Path

    Path("cache.txt").write_text("tests may write")
    print("testing", Path("wanted.txt").read_text().strip() if Path("wanted.txt").exists() else "nothing")
    print("variables:", sorted(name for name in os.environ if name.startswith("SPALJE")))
    sys.exit(3 if Path("broken.txt").exists() else 0)
"""


@dataclass
class Place:
    """A project with hooks, a clone of it, and the command line."""

    workspace: Workspace
    clone: Path
    bare: Path
    spalje: Command

    def commit(self, files: dict[str, str], message: str = "Change") -> str:
        small_project.write(self.clone, files)
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--allow-empty", "--message", message)
        return git(self.clone, "rev-parse", "HEAD")

    def push(self, *words: str) -> str:
        """What the hook said."""
        done = subprocess.run(
            ["git", "push", "--quiet", str(self.bare), *(words or ("HEAD:main",))],
            cwd=self.clone, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return "\n".join(
            line.removeprefix("remote: ").strip() for line in done.stderr.splitlines() if "spalje:" in line
        )

    def jobs(self) -> tuple[Job, ...]:
        """Oldest first, when all of them have ended."""
        until(lambda: not self.workspace.metadata.jobs.open())
        return self.workspace.metadata.jobs.list()[::-1]


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def make(folder: Path, files: dict[str, str] | None = None) -> Place:
    """A project whose two repositories have hooks, as creating one gives."""
    made = small_project.create(
        folder,
        {"tests/run.py": TESTS, "spalje.toml": small_project.FILES["spalje.toml"] + TABLE, **(files or {})},
    )
    spec = HookSpec.of(sys.executable, made.folder)
    project = made.metadata.projects.get("small")
    bare, deploy = Path(project.build_repository), made.folder / "git" / "small-deploy.git"
    git(folder, "clone", "--quiet", "--bare", str(bare), str(deploy))
    made.metadata.projects.change("small", deploy_repository=str(deploy))
    for repository, role in ((bare, "build"), (deploy, "deploy")):
        hook = repository / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK.format(words=shlex.join(spec.words("small", role))))
        hook.chmod(0o755)
    # what every build reads, and nobody has to name
    text = (folder / "clone" / "spalje.toml").read_text() + f'\n[inputs]\nraw = "{folder / "raw"}"\n'
    (folder / "clone" / "spalje.toml").write_text(text)
    return Place(made, folder / "clone", bare, Command(made.folder, folder))


TABLE = """
        [ci]
        test = ["python", "tests/run.py"]
"""

#: A build of one step.
TINY = {
    "pipeline.py": """
        from spalje.pipeline import Input, Pipeline, Process

        copy = Process("copy", script="src/double.py", inputs={"rows": Input("raw", kind="folder")}, outputs={"out": "folder"})
        build = Pipeline("build", steps=[copy])
    """,
    "src/double.py": """
        from options import folder

        (folder("out") / "copy.parquet").write_bytes((folder("rows") / "rows.parquet").read_bytes())
    """,
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make(tmp_path, TINY)


@dataclass
class Built:
    """A place where two commits were pushed, one right after the other."""

    place: Place
    commits: tuple[str, str]
    said: tuple[str, str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    place = make(tmp_path_factory.mktemp("ci"))
    first = place.commit({"wanted.txt": "the first"})
    one = place.push()
    second = place.commit({"wanted.txt": "the second"})
    return Built(place, (first, second), (one, place.push()))


def test_two_pushes_are_two_runs_in_order_and_each_is_of_its_own_commit(built: Built) -> None:
    place, (first, second) = built.place, built.commits
    assert built.said[0] == (
        f"spalje: small/build/1 queued on {first[:10]} (tests, then the build); "
        "follow it with: spalje run watch small/build/1"
    )
    assert "small/build/2 queued" in built.said[1]
    watched = place.spalje("run", "watch", "small/build/2", "--json")
    assert (watched.code, watched.json["status"], watched.json["commit"]) == (0, "succeeded", second)
    one, two = place.jobs()[:2]
    assert [(job.commit, job.what, job.status, job.run) for job in (one, two)] == [
        (first, "build", "succeeded", "small/build/1"),
        (second, "build", "succeeded", "small/build/2"),
    ]
    assert one.ended_at <= two.started_at, "one after the other"
    versions = place.workspace.metadata.versions.list("small")
    assert [version.content.run for version in versions] == ["small/build/2", "small/build/1"]
    log = place.spalje("ci", "log", str(one.sequence)).out
    assert "testing the first" in log
    assert "variables: []" in log, "tests see nothing of ours"
    assert not list(place.workspace.folder.glob("sources/*/cache.txt")), "tests write into a copy"
    assert not list(place.workspace.folder.glob("ci/small/.tests-*")), "which is gone afterwards"
    assert "Its tests passed" in two.said
    assert "small/build/2 succeeded" in two.said


def test_decisions_reach_the_deploy_repository_and_stand_where_it_is_away(built: Built) -> None:
    place = built.place
    place.jobs()
    approved = place.spalje("model", "approve", "small/1", "--reason", "Good")
    assert approved.code == 0, approved.error
    job = place.jobs()[-1]
    assert f"job {job.sequence} (spalje ci watch {job.sequence})" in approved.out
    assert (job.what, job.repository, job.status) == ("promotion", "deploy", "succeeded")
    assert "Batches are predicted with small/1 now." in job.said
    assert place.spalje("model", "reject", "small/1", "--reason", "Not so good").code == 0
    assert "No version is approved now" in place.jobs()[-1].said

    before = len(place.jobs())
    deploy = place.bare.with_name("small-deploy.git")
    deploy.rename(deploy.with_name("away.git"))
    approved = place.spalje("model", "approve", "small/2", "--reason", "Good", "--json")
    assert (approved.code, approved.json["status"]) == (0, "approved")
    assert "spalje model promote small/2" in approved.error
    deploy.with_name("away.git").rename(deploy)
    again = place.spalje("model", "promote", "small/2", "--json")
    assert (again.code, again.json["status"]) == (0, "approved")
    (job,) = place.jobs()[before:]
    assert (job.status, "with small/2 now" in job.said) == ("succeeded", True)


def test_what_a_push_means_depends_on_branch_message_and_repository(place: Place) -> None:
    main = place.commit({}, "Mend a word\n\n[skip ci]")
    assert place.push() == f"spalje: nothing is done about {main[:10]}: The commit's message says [skip ci]."
    branch = place.commit({"wanted.txt": "a branch"})
    git(place.clone, "tag", "v1")
    git(place.clone, "tag", "v2")
    with ThreadPoolExecutor(2) as both:  # two processes of Git's, each with its hook, at the same time
        said = [
            line
            for pushed in both.map(
                place.push, ("HEAD:refs/heads/try-more-trees", "HEAD:refs/heads/try-less"), ("v1", "v2")
            )
            for line in pushed.splitlines()
        ]
    assert sorted(line[:20] for line in said) == ["spalje: job 2 queued", "spalje: job 3 queued"]
    place.push(":refs/heads/try-more-trees")
    said = subprocess.run(
        ["git", "push", "--quiet", str(place.bare.with_name("small-deploy.git")), "HEAD:main"],
        cwd=place.clone, capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    assert "job 4 queued" in said
    jobs = place.jobs()
    assert [(job.what, job.status, job.commit) for job in jobs] == [
        ("build", "skipped", main),
        ("tests", "succeeded", branch),
        ("tests", "succeeded", branch),
        ("compile", "succeeded", branch),
    ]
    assert "It compiles: build" in jobs[3].said
    assert place.workspace.metadata.runs.list() == ()
    assert {job.branch for job in jobs[1:3]} == {"try-more-trees", "try-less"}
    assert jobs[1].ended_at <= jobs[2].started_at
    assert place.spalje("ci", "watch", "2").code == 0


def test_tests_that_fail_stop_the_build_and_say_why(place: Place) -> None:
    place.commit({"broken.txt": "x", "wanted.txt": "to fail"})
    place.push()
    watched = place.spalje("run", "watch", "small/build/1")
    assert watched.code == 1
    assert "tests failed (exit code 3)" in watched.error
    assert "testing to fail" in watched.error
    (job,) = place.jobs()
    assert job.status == "failed"
    (step,) = place.workspace.metadata.steps.all("small/build/1").values()
    assert step.status == "waiting", "nothing was executed"
    (alert,) = place.workspace.metadata.alerts.list("small")
    assert (alert.kind, alert.subject) == ("failed_run", "small/build/1")


def test_a_worker_that_is_killed_in_mid_test_is_taken_over_and_the_job_ends_once(place: Place) -> None:
    begun = place.clone.parent / "begun"
    place.commit({"tests/run.py": WAITING.format(begun=str(begun))})
    place.push()
    until(lambda: begun.is_file() and begun.read_text())
    worker = place.workspace.ci.queue.worker("small")
    assert worker is not None
    os.kill(int(worker.split(":")[1]), signal.SIGKILL)
    until(lambda: not alive(worker))
    assert place.workspace.metadata.jobs.get(1).status == "running"
    assert (
        "Nobody works on the jobs of small: spalje ci work --project small" in place.spalje("ci", "list").out
    )
    left = process(int(begun.read_text()))
    assert alive(left)
    place.commit({}, "Another")
    place.push()
    one, two = place.jobs()
    assert [(job.status, job.run) for job in (one, two)] == [
        ("succeeded", "small/build/1"),
        ("succeeded", "small/build/2"),
    ]
    assert one.ended_at <= two.started_at
    assert len(place.workspace.metadata.runs.list()) == 2
    assert ended(int(begun.read_text())), "what it had started goes on no longer"
    assert not list(place.workspace.folder.glob("ci/small/.tests-*"))


#: Tests that take long the first time.
WAITING = """
    import os, time
    from pathlib import Path

    begun = Path({begun!r})
    if not begun.exists():
        begun.write_text(str(os.getpid()))
        time.sleep(300)
"""


def test_a_delivery_of_a_host_is_built_from_a_mirror(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the network: the host's repository is reached by a path."""
    commit = place.commit({})
    git(place.bare.parent, "clone", "--quiet", "--bare", str(place.clone), "elsewhere.git")
    url = place.bare.with_name("elsewhere.git").as_uri()
    (place.workspace.folder / "settings.toml").write_text(HUB)
    workspace = Workspace.open(place.workspace.folder)
    workspace.metadata.projects.change("small", host="hub", build_repository=url)
    monkeypatch.setattr(Projects, "remote", lambda _, repository: Remote(repository))
    monkeypatch.setenv("HUB_SECRET", "a secret")
    body = json.dumps({"ref": "refs/heads/main", "after": commit, "repository": {"name": "elsewhere", "owner": {"login": "grocer"}}})  # fmt: skip
    signature = hmac.new(b"a secret", body.encode(), hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "1", "X-Hub-Signature-256": f"sha256={signature}"}  # fmt: skip
    with Heartbeat(workspace.metadata, this_process(), 600, now).hold(
        "ci/small"
    ):  # so that nobody else works
        assert workspace.ci.webhooks.receive("hub", headers, body.encode()).status == 202
    assert workspace.ci.worker.work("small") == 1
    (job,) = workspace.metadata.jobs.list()
    assert (job.status, job.run, job.commit) == ("succeeded", "small/build/1", commit)
    run = workspace.metadata.runs.get("small/build/1")
    assert (run.status, run.repository, run.trigger) == ("succeeded", url, "push")


HUB = """
[git_hosts.hub]
kind = "github"
owner = "grocer"
token_env = "HUB_TOKEN"
webhook_url = "https://spalje.example.org"
webhook_secret_env = "HUB_SECRET"
"""
