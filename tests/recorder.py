"""Writes projects, runs, versions and batches into real metadata, in few words."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from spalje.lineage.run import Artifact, NewRun, Run, Status
from spalje.registry.approval import decide
from spalje.registry.batch import Batch, BatchStatus, Evaluation, NewBatch
from spalje.registry.effect import Effect
from spalje.registry.project import Project
from spalje.registry.version import ModelVersion, NewVersion, VersionStatus
from spalje.storage.metadata import Metadata

AUTHOR = "Ann Ek <ann@shop.example>"


def digest(text: str) -> str:
    """A name for an artifact whose content does not matter."""
    return hashlib.sha256(text.encode()).hexdigest()


def artifact(text: str, kind: str = "folder") -> Artifact:
    return Artifact(digest(text), kind, len(text), 1)


def new_version(run: str, **fields: Any) -> NewVersion:
    content = NewVersion(
        project=run.partition("/")[0],
        run=run,
        model=digest("model"),
        evaluation=digest("report"),
        metrics={"rmse": 0.5, "rows": 12},
        baselines={"data_quality": digest("bar")},
        own_baselines={"data_quality": digest("bar")},
        data={"raw": digest("raw")},
        repository="/git/fresh-build.git",
        commit="c" * 40,
        environment=digest("lock"),
        author=AUTHOR,
        cost=0.25,
    )
    return replace(content, **fields)


def new_batch(run: str, version: int = 1, **fields: Any) -> NewBatch:
    content = NewBatch(
        project=run.partition("/")[0],
        run=run,
        version=version,
        first=date(2026, 3, 2),
        last=date(2026, 3, 8),
        rows=100,
        status=BatchStatus.PUBLISHED,
        action="publish",
        reasons=("Nothing found.",),
        artifacts={"features": digest("features"), "predictions": digest("predictions")},
    )
    return replace(content, **fields)


@dataclass
class Recorder:
    """Time passes by one second with every look at the clock."""

    metadata: Metadata
    time: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    def project(self, name: str = "fresh", **fields: Any) -> Project:
        project = Project(
            name=name,
            title=name.title(),
            owner="Eva",
            template="forecasting",
            template_version="1.0",
            build_repository=f"/git/{name}-build.git",
            deploy_repository=f"/git/{name}-deploy.git",
            approvers=(),
            four_eyes=False,
            retrain="propose",
            created_at=self.now(),
            created_by="eva",
        )
        return self.metadata.projects.create(replace(project, **fields))

    def run(
        self,
        steps: Sequence[str | tuple[str, str]] = ("train",),
        project: str = "fresh",
        pipeline: str = "build",
        **fields: Any,
    ) -> Run:
        new = NewRun(
            project=project,
            pipeline=pipeline,
            definition="{}",
            steps=tuple((step, "process") if isinstance(step, str) else step for step in steps),
            repository=f"/git/{project}-{pipeline}.git",
            commit="c" * 40,
            author=AUTHOR,
            trigger="manual",
            started_by="eva",
        )
        return self.metadata.runs.create(replace(new, **fields), self.now())

    def succeed(
        self,
        run: Run,
        step: str,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        effects: Sequence[Effect] = (),
        **fields: Any,
    ) -> tuple[str, ...]:
        """Execute a step: take its lease, start, succeed, give the lease back."""
        lease = self.metadata.leases.acquire(f"step/{run.id}/{step}", "recorder", 30, self.now())
        step_run = replace(self.metadata.steps.all(run.id)[step], inputs=inputs or {}, **fields)
        started = replace(step_run, status=Status.RUNNING, started_at=self.now())
        self.metadata.steps.start(started, lease)
        done = replace(started, status=Status.SUCCEEDED, outputs=outputs or {}, ended_at=self.now())
        stored = [Artifact(one, "folder", 1, 1) for one in done.outputs.values()]
        ids = self.metadata.steps.succeed(done, stored, effects, lease)
        self.metadata.leases.release(lease)
        return ids

    def version(self, project: str = "fresh", **fields: Any) -> ModelVersion:
        """Register a version by a run of its own."""
        run = self.run(("register",), project)
        (identity,) = self.succeed(run, "register", effects=[new_version(run.id, **fields)])
        return self.metadata.versions.get(project, int(identity.rpartition("/")[2]))

    def decide(
        self, version: ModelVersion, wanted: VersionStatus, who: str = "Bo", reason: str = "so"
    ) -> ModelVersion:
        """Decide about a version as it is now."""
        name, number = version.content.project, version.number
        seen = self.metadata.versions.get(name, number)
        approval = decide(seen, wanted, who, reason, self.now(), project=self.metadata.projects.get(name))
        return self.metadata.versions.decide(name, number, seen, approval)

    def approved(self, project: str = "fresh", **fields: Any) -> ModelVersion:
        return self.decide(self.version(project, **fields), VersionStatus.APPROVED)

    def batch(self, project: str = "fresh", version: int = 1, **fields: Any) -> Batch:
        """Publish or block a batch by a run of its own."""
        run = self.run(("decide",), project, "inference", version=version)
        (identity,) = self.succeed(run, "decide", effects=[new_batch(run.id, version, **fields)])
        return self.metadata.batches.get(identity)

    def evaluation(self, batch: Batch, truth: str = "truth", **fields: Any) -> Evaluation:
        """Judge a batch by a run of its own."""
        run = self.run(("decide",), batch.content.project, "quality", batch=batch.id)
        content = Evaluation(
            batch=batch.id,
            run=run.id,
            ground_truth=digest(truth),
            coverage=0.9,
            outcome="ok",
            action="publish",
            reasons=("As good as before.",),
            metrics={"rmse": 0.6},
        )
        self.succeed(run, "decide", effects=[replace(content, **fields)])
        return self.metadata.batches.evaluations(batch.id)[-1]
