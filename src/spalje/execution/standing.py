"""Where a project stands when something is decided: what was concluded about earlier batches, which version serves."""

from collections.abc import Mapping

from spalje.lineage.run import Run
from spalje.monitor.decision import Action, Past, Standing
from spalje.monitor.suspicion import ESTIMATED, suspicion
from spalje.monitor.verdict import Outcome, Verdict
from spalje.registry.batch import Batch, BatchStatus, newest_of_days
from spalje.registry.version import VersionStatus
from spalje.steps.verdict_file import read_verdict
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata

#: So many batches are looked back on: two quarters of weeks, two months of days.
BATCHES = 60
#: Of so many of them the verdicts are read: a retraining before the truth is known goes by the last three.
SUSPECTS = 6


def standing(run: Run, metadata: Metadata, artifacts: Artifacts) -> Standing:
    """Where a run's project stands.

    Args:
        run: an inference run, or a quality run about a batch that went out.
        metadata, artifacts: of the workspace.
    """
    about = metadata.batches.get(run.batch) if run.batch else None
    versions = metadata.versions.list(run.project)
    serving = metadata.versions.latest_approved(run.project)
    pending = next((version for version in versions if version.status is VersionStatus.PENDING), None)
    out = [
        batch
        for batch in metadata.batches.list(run.project, BATCHES)
        if batch.content.status is not BatchStatus.BLOCKED
        and (about is None or (batch.number < about.number and not _same_days(batch, about)))
    ]
    newest = newest_of_days(reversed(out))
    recent = {batch.id for batch in newest[-SUSPECTS:]}
    return Standing(
        version=about.content.version if about else run.version,
        serving=serving.number if serving else None,
        pending=pending.number if pending else None,
        day=about.content.last if about else None,
        earlier=tuple(
            _past(batch, _suspicion(batch, artifacts) if batch.id in recent else 0.0) for batch in newest
        ),
    )


def verdicts_of(batch: Batch, artifacts: Artifacts) -> Mapping[str, Verdict | None]:
    """What the monitors said of a batch before it went out."""
    return {
        port.removeprefix("verdict_"): read_verdict(artifacts.open(digest))
        for port, digest in batch.content.artifacts.items()
        if port.startswith("verdict_")
    }


def _same_days(one: Batch, other: Batch) -> bool:
    return one.content.first is not None and (one.content.first, one.content.last) == (
        other.content.first,
        other.content.last,
    )


def _suspicion(batch: Batch, artifacts: Artifacts) -> float:
    if f"verdict_{ESTIMATED}" not in batch.content.artifacts:
        return 0.0
    said = verdicts_of(batch, artifacts)
    found = suspicion({name: verdict for name, verdict in said.items() if verdict is not None}, 0.0)
    return found.share if found is not None else 0.0


def _past(batch: Batch, suspicion_share: float) -> Past:
    content, evaluations = batch.content, batch.evaluations
    return Past(
        name=batch.id,
        version=content.version,
        day=content.last,
        at=batch.created_at,
        retrained=Action.RETRAIN in (content.action, *(one.action for one in evaluations)),
        suspicion=suspicion_share,
        quality=Outcome(evaluations[-1].outcome)
        if evaluations and evaluations[-1].outcome in set(Outcome)
        else None,
    )
