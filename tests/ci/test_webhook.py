"""What a host delivers becomes jobs, once; everything else gets an answer and leaves nothing."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from recorder import Recorder

sys.path.insert(0, str(Path(__file__).parent))
from deliveries import KINDS, OWNER, SECRET, Sent, pull_request, push, signed

from spalje.ci.queue import Queue
from spalje.ci.webhook import LIMIT, Webhooks
from spalje.errors import Conflict
from spalje.execution.lease import Heartbeat
from spalje.project.git_hosts.deliveries import read
from spalje.settings import GitHostSettings

COMMIT = "c" * 40
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


def host(kind: str, **fields: object) -> GitHostSettings:
    return GitHostSettings.model_validate(
        {
            "kind": kind, "owner": OWNER, "token_env": "TOKEN", "url": "https://git.example.org",
            "webhook_url": "https://spalje.example.org", "webhook_secret_env": "SECRET", **fields,
        }
    )  # fmt: skip


@pytest.fixture
def webhooks(record: Recorder) -> Webhooks:
    """One host of each kind, each with the project ``KIND``; workers that would be started are noted."""
    for kind in KINDS:
        place = f"https://git.example.org/{OWNER}/{kind}"
        record.project(
            kind, host=kind, build_repository=f"{place}-build.git", deploy_repository=f"{place}-deploy.git"
        )
    started.clear()
    queue = Queue(
        record.metadata, Heartbeat(record.metadata, "host:1", 30, record.now),
        lambda *_: "Change", lambda order: pytest.fail(f"{order} was recorded"), started.append, record.now,
    )  # fmt: skip
    hosts = {kind: host(kind) for kind in KINDS}
    hosts["quiet"] = host("github", webhook_url="", webhook_secret_env=None)
    return Webhooks(record.metadata, hosts, {"SECRET": SECRET}, read, queue, lambda: NOW)


#: The projects that a worker was started for.
started: list[str] = []


def deliver(webhooks: Webhooks, kind: str, sent: Sent) -> int:
    return webhooks.receive(kind, sent.headers, sent.body).status


@pytest.mark.parametrize("kind", KINDS)
def test_a_push_becomes_one_job_however_often_it_is_delivered(webhooks: Webhooks, kind: str) -> None:
    sent = push(kind, COMMIT, repository=f"{kind}-build")
    answer = webhooks.receive(kind, sent.headers, sent.body)
    assert (answer.status, len(answer.jobs)) == (202, 1)
    (job,) = webhooks.metadata.jobs.list()
    assert (job.project, job.repository, job.what, job.branch, job.commit, job.ordered_by, job.status) == (
        kind, "build", "build", "main", COMMIT, "nils", "waiting",
    )  # fmt: skip
    assert started == [kind]
    assert deliver(webhooks, kind, sent) == 200
    assert deliver(webhooks, kind, sent.under("another-name")) == 200, "the same content under another name"
    assert deliver(webhooks, kind, push(kind, "d" * 40, repository=f"{kind}-build")) == 200, "the same name"
    assert len(webhooks.metadata.jobs.list()) == 1
    more = push(kind, "d" * 40, repository=f"{kind}-deploy", branch="try/this", identity="d-2")
    assert deliver(webhooks, kind, more) == 202
    job = webhooks.metadata.jobs.list()[0]
    assert (job.repository, job.what, job.branch) == ("deploy", "tests", "try/this")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_the_hosts_own_is_refused(webhooks: Webhooks, kind: str) -> None:
    sent = push(kind, COMMIT, repository=f"{kind}-build")
    forged = push(kind, COMMIT, repository=f"{kind}-build", secret="another secret")
    unsigned = Sent(
        {k: v for k, v in sent.headers.items() if "Signature" not in k and "Token" not in k}, sent.body
    )
    changed = replace(sent, body=sent.body.replace(b"main", b"evil"))
    others = [forged, unsigned, *([changed] if kind != "gitlab" else [])]  # a token signs nothing
    assert [deliver(webhooks, kind, one) for one in others] == [401] * len(others)
    assert webhooks.metadata.jobs.list() == ()
    assert deliver(webhooks, kind, sent) == 202, "what was refused has not used up the name"


def test_hosts_that_are_not_known_or_send_nothing(webhooks: Webhooks) -> None:
    for name in ("nobody", "quiet", "../github", ""):
        assert deliver(webhooks, name, push("github", COMMIT)) == 404
    assert deliver(replace(webhooks, environ={}), "github", push("github", COMMIT)) == 503
    assert replace(webhooks, environ={}).missing_secrets() == ("SECRET",) * len(KINDS)


@pytest.mark.parametrize(
    "sent",
    [
        push("github", COMMIT, repository="somebody-elses"),
        push("github", COMMIT, repository="gitlab-build"),
        signed("github", {"zen": "Keep it logically awesome."}, "ping", "d-1"),
        signed("github", {"ref": "refs/tags/v1", "repository": {"name": "github-build", "owner": {"login": OWNER}}}, "push", "d-1"),
        pull_request(COMMIT, state="closed"),
    ],
    ids=["no project", "another host's project", "a trial", "a tag", "a closed pull request"],
)  # fmt: skip
def test_what_asks_for_nothing_is_taken_and_nothing_is_done(webhooks: Webhooks, sent: Sent) -> None:
    assert deliver(webhooks, "github", sent) == 202
    assert (webhooks.metadata.jobs.list(), started) == ((), [])


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[" * 100_000, b'"push"', b"{}", {"ref": 5}, {"ref": "refs/heads/main", "after": "--upload-pack=x", "repository": {"name": "github-build", "owner": {"login": OWNER}}}],
)  # fmt: skip
def test_what_cannot_be_understood_is_said_to_be_so(webhooks: Webhooks, content: object) -> None:
    answer = webhooks.receive("github", *_parts(signed("github", content, "push", "d-1")))
    assert answer.status == 400, answer
    assert webhooks.metadata.jobs.list() == ()


def test_what_is_too_large_is_not_read(webhooks: Webhooks) -> None:
    assert webhooks.receive("github", {}, b"x" * (LIMIT + 1)).status == 413


def test_a_mark_in_the_message_is_recorded_and_nothing_is_done(webhooks: Webhooks) -> None:
    assert (
        deliver(webhooks, "github", push("github", COMMIT, repository="github-build", message="x [skip ci]"))
        == 202
    )
    (job,) = webhooks.metadata.jobs.list()
    assert (job.status, job.said) == ("skipped", "The commit's message says [skip ci].")


def test_a_pull_request_has_its_source_tested_unless_a_push_had(webhooks: Webhooks, record: Recorder) -> None:
    sent = pull_request(COMMIT)
    sent = signed("github", sent.body.replace(b"fresh-build", b"github-build"), "pull_request", "p-1")
    assert deliver(webhooks, "github", sent) == 202
    (job,) = webhooks.metadata.jobs.list()
    assert (job.what, job.branch, job.ordered_by) == ("tests", "try", "pull request 7")
    again = signed("github", sent.body.replace(b"opened", b"edited"), "pull_request", "p-2")
    assert deliver(webhooks, "github", again) == 202
    assert len(webhooks.metadata.jobs.list()) == 1


def test_what_cannot_be_recorded_may_be_sent_again(
    webhooks: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = push("github", COMMIT, repository="github-build")

    def busy(*_: object) -> None:
        raise Conflict("The metadata database postgresql://eva:***@db was busy for too long.")

    with monkeypatch.context() as patch:
        patch.setattr("spalje.storage.metadata.webhook_store.WebhookStore.take", busy)
        answer = webhooks.receive("github", *_parts(sent))
    assert answer.status == 503
    assert "database" not in answer.text
    assert deliver(webhooks, "github", sent) == 202


def test_who_took_it_and_died_is_made_good_by_the_next_delivery(webhooks: Webhooks) -> None:
    """Delivery and job are recorded together; only the worker was not started."""
    sent = push("github", COMMIT, repository="github-build")
    deliver(webhooks, "github", sent)
    started.clear()
    assert deliver(webhooks, "github", sent) == 200
    assert started == ["github"]


def _parts(sent: Sent) -> tuple[dict[str, str], bytes]:
    return sent.headers, sent.body
