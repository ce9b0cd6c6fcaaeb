"""Where a project stands when something is decided: read from real metadata and real verdicts."""

from datetime import date

import pytest
from recorder import Recorder

from spalje.execution.consequence import Conclusion, retraining
from spalje.execution.standing import standing, verdicts_of
from spalje.monitor.verdict import Outcome, Verdict, Violation
from spalje.registry.batch import BatchStatus
from spalje.registry.version import VersionStatus
from spalje.storage.artifacts import Artifacts


@pytest.fixture
def artifacts(tmp_path):
    return Artifacts(tmp_path / "artifacts")


def week(number):
    first = date(2026, 1, 5).toordinal() + 7 * number
    return {"first": date.fromordinal(first), "last": date.fromordinal(first + 6)}


def stored(artifacts, **verdict):
    folder = artifacts.scratch()
    (folder / "verdict.json").write_text(Verdict(**verdict).model_dump_json())
    return artifacts.put(folder, "verdict").digest


def suspicious(artifacts):
    """What the monitors leave of a batch that is estimated to be worse, on drifted inputs that matter."""
    moved = Violation(check="drift_check", column="price", description="price has drifted.")
    shares = {"shares": {"price": {"baseline": 0.6, "batch": 0.5}, "size": {"baseline": 0.4, "batch": 0.5}}}
    return {
        "verdict_estimated_quality": stored(
            artifacts, monitor="estimated_quality", outcome=Outcome.ALARM, summary="Worse."
        ),
        "verdict_data_quality": stored(
            artifacts, monitor="data_quality", outcome=Outcome.ALARM, summary="Drift.", violations=(moved,)
        ),
        "verdict_attribution": stored(
            artifacts, monitor="attribution_drift", outcome=Outcome.OK, summary="Held.", figures=shares
        ),
    }


def test_what_was_concluded_about_earlier_batches(record: Recorder, artifacts):
    record.approved()
    good = record.batch(**week(0))
    record.evaluation(good, outcome="alarm", action="retrain")
    record.evaluation(good, outcome="ok", action="publish")
    record.batch(**week(1), status=BatchStatus.BLOCKED, action="block")
    record.batch(**week(1), artifacts=suspicious(artifacts))
    found = standing(record.run(pipeline="inference", version=1), record.metadata, artifacts)
    first, second = found.earlier
    assert (first.name, first.retrained, first.quality, first.suspicion) == ("fresh/1", True, Outcome.OK, 0.0)
    assert (second.name, second.retrained, second.quality) == ("fresh/3", False, None)
    assert second.suspicion == pytest.approx(0.6)
    assert (found.version, found.serving, found.pending, found.day) == (1, 1, None, None)


def test_of_the_same_days_only_the_newest_counts_and_of_a_judged_batch_only_those_before(record, artifacts):
    record.approved()
    for number in (0, 1, 1, 2):
        record.batch(**week(number))
    about = record.metadata.batches.get("fresh/3")
    found = standing(record.run(pipeline="quality", version=1, batch=about.id), record.metadata, artifacts)
    assert [past.name for past in found.earlier] == ["fresh/1"]
    assert found.day == about.content.last
    whole = standing(record.run(pipeline="inference", version=1), record.metadata, artifacts)
    assert [past.name for past in whole.earlier] == ["fresh/1", "fresh/3", "fresh/4"]


def test_which_version_serves_and_which_waits(record, artifacts):
    record.approved()
    record.version()
    found = standing(record.run(pipeline="inference", version=1), record.metadata, artifacts)
    assert (found.serving, found.pending) == (1, 2)
    record.decide(record.metadata.versions.get("fresh", 2), VersionStatus.APPROVED)
    found = standing(record.run(pipeline="inference", version=2), record.metadata, artifacts)
    assert (found.serving, found.pending) == (2, None)


def test_without_dates_batches_are_told_apart_by_their_numbers(record, artifacts):
    record.approved()
    for _ in range(3):
        record.batch(first=None, last=None)
    found = standing(record.run(pipeline="inference", version=1), record.metadata, artifacts)
    assert [past.name for past in found.earlier] == ["fresh/1", "fresh/2", "fresh/3"]


def test_what_monitors_said_of_a_batch(record, artifacts):
    record.approved()
    batch = record.batch(**week(0), artifacts=suspicious(artifacts))
    said = verdicts_of(batch, artifacts)
    assert sorted(said) == ["attribution", "data_quality", "estimated_quality"]
    assert said["estimated_quality"].outcome is Outcome.ALARM


def test_only_an_automatic_decision_starts_a_build_and_in_the_runs_name(record):
    run = record.run(pipeline="quality")
    order = retraining(run, Conclusion("retrain", ("Worse.",), automatic=True))
    assert (order.pipeline, order.trigger, order.by) == ("build", "retrain", run.id)
    for concluded in (
        Conclusion("retrain", ("Worse.",)),
        Conclusion("publish", (), automatic=True),
        Conclusion(None),
    ):
        assert retraining(run, concluded) is None
