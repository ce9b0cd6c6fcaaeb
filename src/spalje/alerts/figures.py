"""What there is to count and measure in a workspace, as metrics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from spalje.alerts.prometheus import Family, Sample
from spalje.monitor.verdict import Outcome
from spalje.registry.batch import Batch
from spalje.steps.verdict_file import read_verdict
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata

#: The monitor that judges a batch when its truth is known.
QUALITY = "model_quality"
#: What a monitor may have said; no verdict at all is none of them.
OUTCOMES = (*Outcome, "missing")
#: Among so many of a project's batches the last one judged is looked for.
BATCHES = 60


@dataclass(frozen=True, slots=True)
class Latest:
    """A project's newest batch, and the newest that was judged with the truth."""

    project: str
    newest: Batch | None
    judged: Batch | None

    @classmethod
    def of(cls, project: str, metadata: Metadata) -> "Latest":
        """Those of a project."""
        batches = metadata.batches.list(project, BATCHES)
        judged = next((batch for batch in batches if batch.evaluations), None)
        return cls(project, batches[0] if batches else None, judged)

    def outcomes(self, artifacts: Artifacts) -> Iterator[Sample]:
        """1 for what each monitor said, 0 for what it did not say."""
        said: dict[str, str] = {}
        for port, digest in self.newest.content.artifacts.items() if self.newest else ():
            if port.startswith("verdict_"):
                verdict = read_verdict(artifacts.open(digest))
                said[port.removeprefix("verdict_")] = str(verdict.outcome) if verdict else "missing"
        if self.judged is not None:
            said[QUALITY] = self.judged.evaluations[-1].outcome
        for monitor, outcome in sorted(said.items()):
            for one in OUTCOMES:
                labels = {"project": self.project, "monitor": monitor, "outcome": str(one)}
                yield labels, float(one == outcome)

    def quality(self) -> Iterator[Sample]:
        """The metrics that are numbers."""
        for name, value in (self.judged.evaluations[-1].metrics if self.judged else {}).items():
            if isinstance(value, int | float) and not isinstance(value, bool) and name != "coverage":
                yield {"project": self.project, "metric": name}, float(value)

    def coverage(self) -> Iterator[Sample]:
        """The share of rows whose truth is known."""
        if self.judged is not None:
            yield {"project": self.project}, self.judged.evaluations[-1].coverage


def metrics(metadata: Metadata, artifacts: Artifacts) -> tuple[Family, ...]:
    """What there is to know about every project of a workspace.

    Counts by status are gauges: a failed run that is resumed has failed no longer.
    """
    projects = [project.name for project in metadata.projects.all()]
    return (
        *_counted(metadata, projects),
        *_looked_at([Latest.of(project, metadata) for project in projects], artifacts),
    )


def _counted(metadata: Metadata, projects: Sequence[str]) -> Iterator[Family]:
    counts = metadata.counts
    runs, batches, pending = counts.runs(), counts.batches(), counts.pending()
    yield _counter(
        "spalje_runs_total", "Runs that were recorded.", _named(_summed(runs, 2), "project", "pipeline")
    )
    yield _gauge("spalje_runs_by_status", "Runs by status.", _named(runs, "project", "pipeline", "status"))
    yield _counter("spalje_batches_total", "Batches that were made.", _named(_summed(batches, 1), "project"))
    yield _gauge("spalje_batches_by_status", "Batches by status.", _named(batches, "project", "status"))
    yield _gauge(
        "spalje_last_batch_timestamp_seconds",
        "When the newest batch was made, seconds since 1970.",
        (({"project": name}, at.timestamp()) for name, at in sorted(counts.last_batches().items())),
    )
    yield _gauge(
        "spalje_pending_versions",
        "Model versions that wait for a person's decision.",
        (({"project": name}, float(pending.get(name, 0))) for name in projects),
    )
    yield _counter(
        "spalje_alerts_total",
        "Events that people are told about, each once.",
        _named(counts.alerts(), "project", "kind"),
    )
    yield _gauge(
        "spalje_alerts_undelivered",
        "Alerts that have not reached a channel.",
        (({"channel": channel}, float(count)) for channel, count in sorted(counts.undelivered().items())),
    )


def _looked_at(latest: Sequence[Latest], artifacts: Artifacts) -> Iterator[Family]:
    yield _gauge(
        "spalje_batch_outcome",
        "1 for what a monitor said of the newest batch (model_quality: of the newest that was judged), else 0.",
        (sample for one in latest for sample in one.outcomes(artifacts)),
    )
    yield _gauge(
        "spalje_model_quality",
        "Metrics of the newest batch that was judged with the truth.",
        (sample for one in latest for sample in one.quality()),
    )
    yield _gauge(
        "spalje_model_quality_coverage",
        "Share of that batch's rows whose truth is known, 0 to 1.",
        (sample for one in latest for sample in one.coverage()),
    )


def _counter(name: str, said: str, samples: Iterator[Sample]) -> Family:
    return Family(name, "counter", said, tuple(samples))


def _gauge(name: str, said: str, samples: Iterator[Sample]) -> Family:
    return Family(name, "gauge", said, tuple(samples))


def _named(counts: Mapping[tuple[str, ...], int], *names: str) -> Iterator[Sample]:
    for key, count in sorted(counts.items()):
        yield dict(zip(names, key, strict=True)), float(count)


def _summed(counts: Mapping[tuple[str, ...], int], parts: int) -> Mapping[tuple[str, ...], int]:
    """Counts over everything behind the first parts of their names."""
    found: dict[tuple[str, ...], int] = {}
    for key, count in counts.items():
        found[key[:parts]] = found.get(key[:parts], 0) + count
    return found
