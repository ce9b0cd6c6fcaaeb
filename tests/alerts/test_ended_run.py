"""What follows from a run: read from real artifacts and a real record."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorder import Recorder, new_batch

from spalje.alerts.ended_run import FINDINGS, EndedRun
from spalje.alerts.event import Event, Kind
from spalje.alerts.link import Links
from spalje.alerts.message import LINES
from spalje.lineage.run import NewRun, Run, Status
from spalje.monitor.decision import Action, Decision, decide_batch
from spalje.monitor.verdict import Outcome, Verdict, Violation
from spalje.registry.batch import BatchStatus
from spalje.storage.artifacts import Artifacts

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


def a_run(status: Status = Status.SUCCEEDED, **fields) -> Run:
    run = Run(
        project="fresh", pipeline="inference", number=7, definition="{}", repository="/git/fresh-deploy.git",
        commit="c" * 40, author="Ann Ek <ann@shop.example>", trigger="schedule", started_by="eva", parameters={},
        inputs={}, version=1, batch=None, status=status, created_at=NOW, ended_at=NOW,
    )  # fmt: skip
    return replace(run, **fields)


def verdict(
    outcome: Outcome, monitor: str = "data_quality", findings: int = 0, *, breach: bool = False
) -> Verdict:
    found = tuple(
        Violation(check="nulls", description=f"Finding {n}.", breach=breach and n == 0)
        for n in range(findings)
    )
    return Verdict(monitor=monitor, outcome=outcome, summary=f"{monitor} found {findings}.", violations=found)


def events(ended: EndedRun, links: Links = Links()) -> tuple[Event, ...]:  # noqa: B008
    return ended.events(links, NOW)


def decision(action: Action, *reasons: str, automatic: bool = False) -> Decision:
    return Decision(action=action, reasons=reasons or ("So.",), at=NOW, automatic=automatic)


def test_a_failed_run_is_one_event_however_often_it_fails():
    (event,) = events(
        EndedRun(a_run(Status.FAILED, error="Step 'check' failed: no column 'x'.\nthe log\nwith secrets"))
    )
    assert (event.kind, event.subject, event.link) == (
        Kind.FAILED_RUN,
        "fresh/inference/7",
        "spalje run show fresh/inference/7",
    )
    assert event.summary == "fresh/inference/7 failed. Step 'check' failed: no column 'x'."
    assert "secrets" not in str(event), "the log stays where it is"
    assert "spalje run resume fresh/inference/7" in event.details[-1]
    (again,) = events(EndedRun(a_run(Status.FAILED, error="Step 'other' failed.")))
    assert event.identity == again.identity
    (other,) = events(EndedRun(a_run(Status.FAILED, number=8)))
    assert event.identity != other.identity


def test_a_recipe_that_did_not_compile_is_a_failed_run():
    (event,) = events(EndedRun(a_run(Status.FAILED, definition=None, error="pipeline.py, line 3: what?")))
    assert "pipeline.py, line 3" in event.summary
    assert "did not compile" in event.details[-1]


def test_a_run_whose_process_is_gone_is_the_same_as_one_that_failed():
    (gone,) = events(EndedRun(a_run(Status.RUNNING), abandoned=True))
    (failed,) = events(EndedRun(a_run(Status.FAILED)))
    assert gone.identity == failed.identity
    assert "is gone" in gone.summary


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.RUNNING, Status.WAITING])
def test_nothing_is_told_of_a_run_that_somebody_stopped_or_that_goes_on(status: Status):
    assert (
        events(EndedRun(a_run(status), {"x": verdict(Outcome.ALARM)}, decision=decision(Action.BLOCK))) == ()
    )


def test_nothing_is_told_when_all_is_well():
    assert (
        events(EndedRun(a_run(), {"data_quality": verdict(Outcome.OK)}, decision=decision(Action.PUBLISH)))
        == ()
    )


def test_a_blocked_batch_and_why():
    said = {
        "data_quality": verdict(Outcome.ALARM, findings=9, breach=True),
        "attribution": verdict(Outcome.WARNING, "attribution", 1),
    }
    ended = EndedRun(
        a_run(), said, {"data_quality": "/srv/dq/report.html"}, decide_batch(said, at=NOW), batch="fresh/3"
    )  # fmt: skip
    found = {event.kind: event for event in events(ended, Links("https://s.example"))}
    assert set(found) == {Kind.BLOCK, Kind.ALARM, Kind.WARNING}
    assert {event.subject for event in found.values()} == {"fresh/3"}
    assert {event.link for event in found.values()} == {"https://s.example/batches/fresh/3"}
    assert found[Kind.BLOCK].summary.startswith("Batch fresh/3 is blocked. ")
    assert "spalje batch release fresh/3" in found[Kind.BLOCK].details[-1]
    assert found[Kind.ALARM].summary == "fresh/3: data_quality says alarm. data_quality found 9."
    assert found[Kind.ALARM].details == (*(f"Finding {n}." for n in range(FINDINGS)), "… and 5 more.")
    assert found[Kind.ALARM].report == found[Kind.BLOCK].report == "/srv/dq/report.html"
    assert found[Kind.WARNING].report == "", "a monitor's page is its own"
    assert all(len(event.details) <= LINES for event in found.values()), "what to do is never cut off"


def test_what_the_summary_says_is_not_said_again():
    violation = Violation(check="x", description="Prices have moved.")
    said = Verdict(
        monitor="x", outcome=Outcome.ALARM, summary="Prices have moved. And 0 more.", violations=(violation,)
    )
    assert events(EndedRun(a_run(), {"x": said}))[0].details == ()


def test_a_retraining_says_whether_it_starts_by_itself():
    for automatic, words in ((True, "starts a retraining"), (False, "asks for a retraining")):
        ended = EndedRun(
            a_run(pipeline="quality"),
            decision=decision(Action.RETRAIN, "Worse.", "And so.", automatic=automatic),
            batch="fresh/3",
        )
        (event,) = events(ended)
        assert event.summary == f"Batch fresh/3 {words}. Worse."
        assert any("spalje run start build" in line for line in event.details) is not automatic
        assert event.details[0] == "And so."


def test_what_a_monitor_said_of_a_batch_is_told_once_whichever_run_said_it():
    first, corrected = (
        events(EndedRun(a_run(pipeline="quality", number=n), {"model_quality": verdict(Outcome.WARNING, "model_quality")}, batch="fresh/3"))[0]
        for n in (1, 2)
    )  # fmt: skip
    worse = events(
        EndedRun(a_run(), {"model_quality": verdict(Outcome.ALARM, "model_quality")}, batch="fresh/3")
    )[0]
    assert first.identity == corrected.identity != worse.identity


def test_nothing_could_be_concluded_is_a_warning():
    (event,) = events(
        EndedRun(a_run(), {"x": verdict(Outcome.INSUFFICIENT)}, decision=decision(Action.INVESTIGATE))
    )
    assert (event.kind, event.subject) == (Kind.WARNING, "fresh/inference/7")


def test_what_is_to_be_looked_at_is_never_left_untold():
    (event,) = events(
        EndedRun(
            a_run(), {"x": verdict(Outcome.OK)}, decision=decision(Action.INVESTIGATE, "Since the alarm.")
        )
    )
    assert (event.kind, event.summary) == (
        Kind.WARNING,
        "fresh/inference/7 is to be looked at. Since the alarm.",
    )


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.none() | st.sampled_from(Outcome).map(verdict)))
def test_a_decision_that_is_not_to_publish_is_always_told(said: dict[str, Verdict | None]):
    decided = decide_batch(said, at=NOW)
    found = events(EndedRun(a_run(), said, decision=decided, batch="fresh/3"))
    assert bool(found) is (decided.action is not Action.PUBLISH)
    assert len({event.identity for event in found}) == len(found)


def stored(artifacts: Artifacts, files: dict[str, str], kind: str):
    scratch = artifacts.scratch() / "made"
    scratch.mkdir(parents=True)
    for name, text in files.items():
        (scratch / name).write_text(text)
    return artifacts.put(scratch, kind)


def inference(
    record: Recorder, steps: tuple[tuple[str, str], ...], pipeline: str = "inference", **fields
) -> Run:
    new = NewRun(
        project="fresh", pipeline=pipeline, definition="{}", steps=steps, repository="/git/fresh.git", commit="c" * 40,
        author="Ann", trigger="schedule", started_by="eva", version=1, **fields,
    )  # fmt: skip
    return record.metadata.runs.create(new, record.now())


def test_it_is_read_from_the_record(record: Recorder, tmp_path: Path):
    artifacts = Artifacts(tmp_path / "artifacts")
    record.version()
    said = verdict(Outcome.ALARM, findings=1, breach=True)
    check = stored(artifacts, {"verdict.json": said.model_dump_json(), "report.html": "<p>"}, "verdict")
    empty = stored(artifacts, {"note.txt": "none"}, "verdict")
    decided = stored(
        artifacts,
        {"decision.json": decide_batch({"data_quality": said, "own": None}, at=NOW).model_dump_json()},
        "report",
    )
    run = inference(record, (("check", "check"), ("decide", "decide")))
    record.succeed(run, "check", outputs={"verdict": check.digest})
    record.succeed(
        run, "decide", {"verdict_data_quality": check.digest, "verdict_own": empty.digest}, {"decision": decided.digest},
        effects=[new_batch(run.id, status=BatchStatus.BLOCKED, action="block")],
    )  # fmt: skip
    run = record.metadata.runs.finish(run.id, Status.SUCCEEDED, None, record.now())
    ended = EndedRun.read(run, record.metadata, artifacts)
    assert ended.verdicts == {"data_quality": said, "own": None}
    assert ended.reports == {"data_quality": str(artifacts.open(check.digest) / "report.html")}
    assert (ended.batch, ended.decision.action) == ("fresh/1", Action.BLOCK)
    assert [event.kind for event in ended.events(Links(), NOW)] == [Kind.BLOCK, Kind.ALARM]


def test_a_check_without_a_decision_is_read_by_its_step(record: Recorder, tmp_path: Path):
    artifacts = Artifacts(tmp_path / "artifacts")
    said = verdict(Outcome.WARNING)
    check = stored(artifacts, {"verdict.json": said.model_dump_json()}, "verdict")
    run = inference(record, (("check_rows", "check"),), "build")
    record.succeed(run, "check_rows", outputs={"verdict": check.digest})
    run = record.metadata.runs.finish(run.id, Status.SUCCEEDED, None, record.now())
    (event,) = EndedRun.read(run, record.metadata, artifacts).events(Links(), NOW)
    assert (event.kind, event.subject, event.what) == (Kind.WARNING, "fresh/build/1", "check_rows")


def test_of_a_run_that_failed_no_artifact_is_read(record: Recorder, tmp_path: Path):
    run = inference(record, (("check", "check"),))
    record.succeed(run, "check", outputs={"verdict": "0" * 64})
    run = record.metadata.runs.finish(run.id, Status.FAILED, "Step 'x' failed.", record.now())
    assert EndedRun.read(run, record.metadata, Artifacts(tmp_path / "artifacts")).verdicts == {}
