"""Looking around: what the clock, and runs that nobody was told of, have to say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from spalje.alerts.batch_course import course
from spalje.alerts.ended_run import EndedRun
from spalje.alerts.event import Event
from spalje.alerts.link import Links
from spalje.alerts.overdue import missing_batch, missing_truths
from spalje.lineage.run import Run, Status
from spalje.settings import Alerts, Expectation
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata
from spalje.storage.metadata.alert_store import KEEP

#: Among so many of a project's latest runs the newest of each pipeline are looked for.
RUNS = 100


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at projects.

    Attributes:
        metadata, artifacts: of the workspace.
        settings: what is expected, and where links lead.
        alive: whether the owner of a lease may still be at work.
    """

    metadata: Metadata
    artifacts: Artifacts
    settings: Alerts
    alive: Callable[[str], bool]

    @property
    def links(self) -> Links:
        """Links as the settings say."""
        return Links(self.settings.base_url)

    def ended(self, run: Run, now: datetime, *, abandoned: bool = False) -> tuple[Event, ...]:
        """What people are told about a run that has ended."""
        return EndedRun.read(run, self.metadata, self.artifacts, abandoned=abandoned).events(self.links, now)

    def overdue(self, project: str, now: datetime) -> tuple[Event, ...]:
        """What should have come to a project by now and did not."""
        expected = self.settings.projects.get(project, Expectation())
        came = course(project, self.metadata)
        batch = missing_batch(project, came, expected, self.links, now)
        truths = missing_truths(project, came, expected, self.links, now)
        return (*((batch,) if batch else ()), *truths)

    def left_untold(self, project: str, now: datetime) -> tuple[Event, ...]:
        """What the newest run of each pipeline has to say; whoever executed it may have died before telling.

        Runs that ended long ago say nothing.
        """
        return tuple(event for run in self._newest(project) for event in self._about(run, now))

    def _newest(self, project: str) -> Iterator[Run]:
        seen: set[str] = set()
        for run in self.metadata.runs.list(project=project, limit=RUNS):
            if run.pipeline not in seen:
                seen.add(run.pipeline)
                yield run

    def _about(self, run: Run, now: datetime) -> tuple[Event, ...]:
        if run.status is Status.RUNNING:
            holder = self.metadata.leases.holder(f"pipeline/{run.project}/{run.pipeline}")
            gone = holder is not None and not self.alive(holder.owner)
            return self.ended(run, now, abandoned=True) if gone else ()
        if run.ended_at is None or now - run.ended_at > KEEP:
            return ()
        return self.ended(run, now)
