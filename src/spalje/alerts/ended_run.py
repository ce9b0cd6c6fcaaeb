"""What follows from a run that has ended: what its checks said, what it decided, and that it failed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from spalje.alerts.event import Event, Kind
from spalje.alerts.link import Links
from spalje.lineage.run import Run, Status, StepRun
from spalje.monitor.decision import Action, Decision
from spalje.monitor.verdict import Outcome, Verdict
from spalje.steps.verdict_file import read_verdict
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata

#: So many findings and reasons are told; the report has them all.
FINDINGS = 4
#: A batch is looked for among so many of the latest.
BATCHES = 50
#: What is told as an alarm, and what as a warning: a monitor that could not conclude is not fine.
KINDS = {
    Outcome.ALARM: Kind.ALARM,
    Outcome.WARNING: Kind.WARNING,
    Outcome.INSUFFICIENT: Kind.WARNING,
}
#: The page beside a verdict.
REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run and what it left.

    Attributes:
        run: as it ended.
        verdicts: monitor -> what it said, None when it said nothing.
        reports: monitor -> the path of its page.
        decision: what was decided; None without a decide step.
        batch: the batch that it made or is about; None without one.
        abandoned: whether its process is gone although it has not ended.
    """

    run: Run
    verdicts: Mapping[str, Verdict | None] = field(default_factory=dict)
    reports: Mapping[str, str] = field(default_factory=dict)
    decision: Decision | None = None
    batch: str | None = None
    abandoned: bool = False

    @classmethod
    def read(
        cls, run: Run, metadata: Metadata, artifacts: Artifacts, *, abandoned: bool = False
    ) -> "EndedRun":
        """What a run left, from the record; of one that did not succeed only that."""
        if run.status is not Status.SUCCEEDED:
            return cls(run, abandoned=abandoned)
        states = metadata.steps.all(run.id)
        folders = {name: artifacts.open(digest) for name, digest in _verdicts(states).items()}
        made = (
            batch.id for batch in metadata.batches.list(run.project, BATCHES) if batch.content.run == run.id
        )
        return cls(
            run=run,
            verdicts={name: read_verdict(folder) for name, folder in folders.items()},
            reports={
                name: str(folder / REPORT) for name, folder in folders.items() if (folder / REPORT).is_file()
            },
            decision=_decision(states, artifacts),
            batch=run.batch or next(made, None),
        )

    def events(self, links: Links, now: datetime) -> tuple[Event, ...]:
        """What people are told about it; nothing about a run that somebody stopped.

        A run that failed is told as that and no more: resumed, it may still conclude. What a monitor said
        is told once for a batch, however often its truth is corrected, and again when it gets worse.
        """
        if self.run.status is Status.FAILED or self.abandoned:
            return (self._failed(links, now),)
        if self.run.status is not Status.SUCCEEDED:
            return ()
        return (*self._decided(links, now), *self._said(links, now))

    def _failed(self, links: Links, now: datetime) -> Event:
        run = self.run
        said = (run.error or "").strip().partition("\n")[0]
        summary = f"{run.id} failed. {said}".strip()
        if self.abandoned:
            summary = f"{run.id} was left in the middle: the process that executed it is gone."
        details = (
            f"It was started by {run.started_by} ({run.trigger}) on commit {run.commit[:10]} of {run.author}.",
            f"When it is mended, go on with: spalje run resume {run.id}"
            if run.definition is not None
            else "Its recipe did not compile: mend it, commit and push.",
        )
        return Event(Kind.FAILED_RUN, run.project, run.id, now, summary, details, link=links.run(run.id))

    def _decided(self, links: Links, now: datetime) -> Iterator[Event]:
        decision = self.decision
        if decision is None:
            return
        name = f"Batch {self.batch}" if self.batch else self.run.id
        first, *more = decision.reasons
        if decision.action is Action.BLOCK:
            out = f"Let it out after all: spalje batch release {self.batch} --reason …" if self.batch else ""
            details = (*_few(more), *([out] if out else []))
            yield self._event(Kind.BLOCK, f"{name} is blocked. {first}", details, links, now)
        elif decision.action is Action.RETRAIN:
            does = "starts a retraining" if decision.automatic else "asks for a retraining"
            start = f"Start it with: spalje run start build --project {self.run.project}"
            details = (*_few(more), *([] if decision.automatic else [start]))
            yield self._event(Kind.RETRAIN, f"{name} {does}. {first}", details, links, now)
        elif decision.action is Action.INVESTIGATE and not any(
            verdict is not None and verdict.outcome in KINDS for verdict in self.verdicts.values()
        ):
            yield self._event(
                Kind.WARNING, f"{name} is to be looked at. {first}", _few(more), links, now, what="decision"
            )

    def _said(self, links: Links, now: datetime) -> Iterator[Event]:
        for name, verdict in sorted(self.verdicts.items()):
            if verdict is None or verdict.outcome not in KINDS:
                continue
            found = [violation.description for violation in verdict.violations]
            details = _few([sentence for sentence in found if sentence not in verdict.summary])
            summary = f"{self.batch or self.run.id}: {name} says {verdict.outcome}. {verdict.summary}"
            yield self._event(KINDS[verdict.outcome], summary, details, links, now, what=name)

    def _event(
        self,
        kind: Kind,
        summary: str,
        details: tuple[str, ...],
        links: Links,
        now: datetime,
        *,
        what: str = "",
    ) -> Event:
        return Event(
            kind,
            self.run.project,
            self.batch or self.run.id,
            now,
            summary,
            details,
            what=what,
            link=links.batch(self.batch) if self.batch else links.run(self.run.id),
            report=self.reports.get(what, "")
            if what in self.verdicts
            else next(iter(self.reports.values()), ""),
        )


def _few(sentences: Sequence[str]) -> tuple[str, ...]:
    """The first of them, and how many more there are."""
    more = len(sentences) - FINDINGS
    return (*sentences[:FINDINGS], *([f"… and {more} more."] if more > 0 else []))


def _verdicts(states: Mapping[str, StepRun]) -> dict[str, str]:
    """Monitor -> digest: of what a decision was made from, else of every check."""
    decided = {
        port.removeprefix("verdict_"): digest
        for state in states.values()
        if state.kind == "decide"
        for port, digest in state.inputs.items()
        if port.startswith("verdict_")
    }
    checked = {
        state.step: state.outputs["verdict"]
        for state in states.values()
        if state.kind == "check" and state.outputs.get("verdict") not in (None, *decided.values())
    }
    return {**checked, **decided}


def _decision(states: Mapping[str, StepRun], artifacts: Artifacts) -> Decision | None:
    digest = next(
        (state.outputs["decision"] for state in states.values() if "decision" in state.outputs), None
    )
    if digest is None:
        return None
    path: Path = artifacts.open(digest) / "decision.json"
    return Decision.model_validate_json(path.read_bytes())
