"""The commands of ``spalje alert``: what they print, in both forms, and with which code they leave."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import small_project
from prometheus_client.parser import text_string_to_metric_families
from receivers import Answer, Hook, Mailbox, hook, mailbox
from recorder import Recorder

from spalje.__main__ import main
from spalje.execution.order import Order
from spalje.lineage.run import Status
from spalje.monitor.decision import Action, Decision
from spalje.settings import load
from spalje.workspace import Replay, Workspace

KEY = "whsec_" + "QUJD" * 10
SETTINGS = """
[[alerts.email]]
host = "127.0.0.1"
port = {port}
security = "none"
from = "spalje@shop.example"
to = ["ops@shop.example"]

[[alerts.webhook]]
kind = "signed"
url_env = "HOOK"
secret_env = "KEY"

[[alerts.webhook]]
kind = "slack"
url_env = "SLACK"
projects = ["another"]
"""


class Place:
    """A workspace with the small project, a mail server and a webhook; commands run in this process."""

    def __init__(self, folder: Path, box: Mailbox, server: Hook, capsys: pytest.CaptureFixture[str]) -> None:
        self.workspace = small_project.create(folder)
        self.raw, self.box, self.hook, self.capsys = folder / "raw", box, server, capsys
        self.configure(SETTINGS.format(port=box.port))

    def configure(self, text: str) -> None:
        (self.workspace.folder / "settings.toml").write_text(text)

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*words, "--workspace", str(self.workspace.folder)])
        said = self.capsys.readouterr()
        assert "T0SECRET" not in said.out + said.err
        assert KEY not in said.out + said.err
        return int(ended.value.code or 0), said.out, said.err

    def json(self, *words: str) -> tuple[int, Any]:
        code, out, _ = self(*words, "--json")
        return code, json.loads(out)

    def build(self) -> str:
        order = Order("small", "build", "tests", {}, {"raw": str(self.raw)})
        return self.workspace.starter.start(order).id

    def fail(self) -> None:
        self.workspace.metadata.runs.finish(
            self.build(), Status.FAILED, "pipeline.py, line 3: what?", datetime.now(UTC)
        )


@pytest.fixture
def place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    with mailbox() as box, hook() as server:
        for name, value in {
            "HOOK": f"{server.address}/T0SECRET",
            "KEY": KEY,
            "SLACK": f"{server.address}/slack",
            "COLUMNS": "200",
        }.items():
            monkeypatch.setenv(name, value)
        yield Place(tmp_path, box, server, capsys)


def test_a_failed_run_is_listed_with_how_far_it_got(place: Place):
    place.fail()
    place.hook.always = Answer(403, echo=True)
    code, out, _ = place("alert", "check")
    assert code == 4
    assert "failed run  small/build/1 failed. pipeline.py, line 3: what?" in out
    assert "email sent  small: 1 failed run" in out
    assert "signed not sent  small: 1 failed run" in out
    assert "127.0.0.1 answered 403 to the channel 'signed'" in out
    code, out, _ = place("alert", "list")
    assert (code, "email ✓, signed … (1 try)" in out) == (0, True)
    code, (alert,) = place.json("alert", "list", "--project", "small")
    assert (alert["kind"], alert["subject"], alert["summary"]) == (
        "failed_run", "small/build/1", "small/build/1 failed. pipeline.py, line 3: what?",
    )  # fmt: skip
    assert [one["channel"] for one in alert["deliveries"]] == ["email", "signed"]
    assert "answered 403" in alert["deliveries"][1]["last_error"]


def test_what_waits_is_sent_when_it_is_due_or_somebody_is_in_a_hurry(place: Place):
    place.fail()
    place.hook.always = Answer(403)
    assert place("alert", "check")[0] == 4
    assert place("alert", "check")[0] == 0, "nothing is new, and nothing is due"
    assert place("alert", "send")[:2] == (0, "Nothing is due; 1 wait: --now does not.\n")
    code, attempts = place.json("alert", "send", "--now")
    assert (code, [one["delivered"] for one in attempts]) == (1, [False])
    place.hook.always = Answer(200)
    code, attempts = place.json("alert", "send", "--now")
    assert (code, [(one["channel"], one["delivered"]) for one in attempts]) == (0, [("signed", True)])
    assert place("alert", "send", "--now")[1] == "Nothing waits to be sent.\n"
    assert (len(place.box.mails), len(place.hook.posted)) == (1, 3)


def test_a_busy_server_is_tried_again_at_once(place: Place):
    place.fail()
    place.hook.answers += [Answer(429, {"Retry-After": "0"})]
    code, checked = place.json("alert", "check")
    assert (code, [event["subject"] for event in checked["found"]]) == (4, ["small/build/1"])
    assert checked["new"] == [json.loads(place.hook.posted[0].body)["data"]["events"][0]["id"]]
    assert [one["delivered"] for one in checked["attempts"]] == [True, True]
    assert len(place.hook.posted) == 2
    assert len({one.headers["webhook-id"] for one in place.hook.posted}) == 1


def test_what_is_missing_is_found_by_the_clock(place: Place):
    past = datetime.now(UTC) - timedelta(days=40)
    record = Recorder(place.workspace.metadata, past)
    record.project("fresh")
    record.version()
    for number in range(4):
        record.time = past + timedelta(days=7 * number)
        first = record.time.date()
        record.batch(first=first, last=first + timedelta(days=6))
    record.metadata.truths.add(
        "fresh", "d" * 64, past.date(), past.date(), 5, "eva", past + timedelta(days=8)
    )
    code, out, _ = place("alert", "check")
    assert code == 4
    assert "missing batch  No batch of fresh has come since fresh/4" in out
    assert [mail["Subject"] for mail in place.box.mails] == [
        "[Spaljé] fresh: 1 missing batch, 3 missing truths"
    ]
    code, out, _ = place("alert", "check", "--project", "fresh")
    assert (code, out.count("(told before)")) == (4, 4)
    assert len(place.box.mails) == 1
    assert place("alert", "check", "--project", "small")[0] == 0
    record.time = datetime.now(UTC) - timedelta(hours=1)
    record.batch(first=date.today(), last=date.today())  # noqa: DTZ011
    record.metadata.truths.add(
        "fresh", "e" * 64, past.date(), past.date() + timedelta(days=35), 9, "eva", record.now()
    )
    assert place("alert", "check")[:2] == (0, "Nothing is missing, and nothing is new.\n")


def test_a_run_that_succeeds_tells_nobody(place: Place):
    workspace = place.workspace
    workspace.execute(workspace.metadata.runs.get(place.build()))
    assert workspace.metadata.runs.list()[0].status is Status.SUCCEEDED
    assert place("alert", "check")[0] == 0
    assert workspace.metadata.alerts.list() == ()
    assert (place.box.mails, place.hook.posted) == ([], [])


def test_whatever_goes_wrong_with_telling_the_run_has_ended(place: Place, capsys: pytest.CaptureFixture[str]):
    small = place.workspace
    run = small.metadata.runs.get(place.build())
    with small.metadata.database.write() as connection:
        connection.exec_driver_sql("drop table alert_delivery")
    (place.raw.parent / "clone" / "src" / "double.py").write_text("")
    broken = Workspace.open(small.folder)
    broken.artifacts.remove(run.inputs["raw"])
    ended = broken.execute(run)
    assert ended.status is Status.FAILED
    said = capsys.readouterr().err
    assert said.startswith("spalje: alerts about small/build/1 were not sent: SpaljeError")
    assert said.count("\n") == 1


def test_a_replayed_history_tells_nobody(place: Place):
    place.fail()
    small = place.workspace
    replayed = Workspace(
        small.folder, load(small.folder), Replay(lambda definition: definition, lambda _: nullcontext())
    )
    replayed.tell(small.metadata.runs.get("small/build/1"))
    assert (small.metadata.alerts.list(), place.box.mails) == ((), [])
    Workspace.open(small.folder).tell(small.metadata.runs.get("small/build/1"))
    assert len(place.box.mails) == 1


def test_a_retraining_that_cannot_begin_is_told(place: Place):
    """The build that a decision starts by itself fails before anything is executed, and nobody is looking."""
    small = Workspace.open(place.workspace.folder)
    clone = place.raw.parent / "clone"
    small_project.write(clone, {"pipeline.py": "what?"})
    small_project.git(clone, "commit", "--quiet", "--all", "--message", "Break")
    small_project.git(clone, "push", "--quiet", str(small.folder / "git" / "small-build.git"), "main")
    scratch = small.artifacts.scratch()
    decided = Decision(action=Action.RETRAIN, reasons=("Worse.",), at=datetime.now(UTC), automatic=True)
    (scratch / "decision.json").write_text(decided.model_dump_json())
    record = Recorder(small.metadata)
    run = record.run(("decide",), "small", "quality")
    record.succeed(run, "decide", outputs={"decision": small.artifacts.put(scratch, "report").digest})
    build = small.retraining(run)
    assert build.status is Status.FAILED
    (mail,) = place.box.mails
    assert f"{build.id} failed." in mail.get_body(("plain",)).get_content()


def test_trying_the_channels(place: Place, monkeypatch: pytest.MonkeyPatch):
    code, out, _ = place("alert", "test")
    assert code == 0
    assert "email sent  test: 1 warning" in out
    assert "The settings name the project 'another', and there is none." in out
    assert "nothing is wrong" in place.box.mails[0].get_body(("plain",)).get_content()
    assert {one.path for one in place.hook.posted} == {"/T0SECRET", "/slack"}
    assert place.workspace.metadata.alerts.list() == ()
    code, said = place.json("alert", "test", "--channel", "email")
    assert (code, [one["channel"] for one in said["attempts"]], said["unknown_projects"]) == (
        0,
        ["email"],
        ["another"],
    )
    monkeypatch.setenv("KEY", "hunter2")
    code, out, _ = place("alert", "test")
    assert (code, "hunter2" in out, "The variable KEY of the channel 'signed' holds no key" in out) == (
        1,
        False,
        True,
    )
    assert place("alert", "test", "--channel", "emial")[0] == 2


def test_without_channels_events_are_recorded_and_it_is_said_how_to_be_told(place: Place):
    place.configure("")
    place.fail()
    code, out, _ = place("alert", "check")
    assert (code, "docs/alerts.md" in out) == (4, True)
    assert "docs/alerts.md" in place("alert", "send")[1]
    assert place("alert", "list")[1].count("small/build/1") == 2
    code, _, error = place("alert", "test")
    assert (code, "docs/alerts.md" in error) == (3, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("alert", "list", "--project", "smal"), 2, "Did you mean 'small'?"),
        (("alert", "check", "--project", "smal"), 2, "Did you mean 'small'?"),
        (("alert", "metrics", "--out", "figures.txt"), 3, ".prom"),
        (("alert", "metrics", "--out", "absent/figures.prom"), 3, "cannot be written"),
        (("alert", "nonsense"), 2, "nonsense"),
    ],
)
def test_a_slip_is_told(place: Place, words: tuple[str, ...], code: int, said: str):
    left, out, error = place(*words)
    assert (left, said in out + error) == (code, True)


def test_figures_for_prometheus(place: Place, tmp_path: Path):
    place.fail()
    place("alert", "check")
    _, printed, _ = place("alert", "metrics")
    samples = {
        one.name: one.value for family in text_string_to_metric_families(printed) for one in family.samples
    }
    assert (samples["spalje_runs_total"], samples["spalje_alerts_total"]) == (1, 1)
    file = tmp_path / "spalje.prom"
    assert place("alert", "metrics", "--out", str(file))[:2] == (0, "")
    assert file.read_text() == printed
    assert {family["name"] for family in place.json("alert", "metrics")[1]} >= {"spalje_runs_total"}
