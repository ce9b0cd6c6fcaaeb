"""The composition root: a folder in; stores, code, executor and runner out.

What only some commands need (templates, tables) is loaded when it is used: every run starts here.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spalje.errors import BadInput, NotFound
from spalje.execution.consequence import Conclusion, conclusion, retraining
from spalje.execution.environment import Environment, resolve
from spalje.execution.environment.store import EnvironmentStore
from spalje.execution.event import Listener, ignore
from spalje.execution.executor import Executor
from spalje.execution.lease import Heartbeat
from spalje.execution.order import Order
from spalje.execution.owner import alive, this_process
from spalje.execution.runner import Runner
from spalje.execution.standing import standing, verdicts_of
from spalje.lineage.lease import Lease
from spalje.lineage.run import Run
from spalje.pipeline.definition import Definition
from spalje.registry.truth import Delivery
from spalje.settings import Settings, load
from spalje.steps import StepFunction, step_function
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata, open_metadata
from spalje.workspace.projects import Projects
from spalje.workspace.repository_code import RepositoryCode

if TYPE_CHECKING:
    from spalje.alerts.dispatch import Dispatch, Told
    from spalje.alerts.watch import Watch
    from spalje.execution.start import Starter
    from spalje.workspace.integration import Integration
    from spalje.workspace.orchestration import Orchestration

#: The file that makes a folder a workspace.
MARK = "settings.toml"


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Replay:
    """What is otherwise in a workspace where projects' histories are lived again under several policies.

    Attributes:
        revise: changes a pipeline before it is run: the policy.
        alone: held while a step with a key is looked up or executed: policies share their steps.
    """

    revise: Callable[[Definition], Definition]
    alone: Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True)
class Workspace:
    """A folder with everything in it: metadata, artifacts, repositories, logs, checked-out sources.

    Attributes:
        folder: where all of it is.
        settings: what it was told.
        replay: None but in a workspace of replays.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Workspace.create(Path(folder) / "ours").metadata.projects.all()
        ()
    """

    folder: Path
    settings: Settings
    replay: Replay | None = None

    @classmethod
    def open(cls, folder: Path) -> "Workspace":
        """The workspace in a folder.

        Raises:
            NotFound: the folder is no workspace.
        """
        folder = folder.expanduser().absolute()
        if not (folder / MARK).is_file():
            raise NotFound(
                "workspace",
                str(folder),
                do="Make one with `spalje project create NAME`, or name another with --workspace.",
            )
        return cls(folder, load(folder))

    @classmethod
    def create(cls, folder: Path) -> "Workspace":
        """The workspace in a folder, made if it is not there yet."""
        folder = folder.expanduser().absolute()
        if not (folder / MARK).is_file():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / MARK).write_text(
                "# Settings of this workspace; see docs/settings.md.\n", encoding="utf-8"
            )
        return cls.open(folder)

    @cached_property
    def metadata(self) -> Metadata:
        """Runs, versions, batches, projects."""
        return open_metadata(self.settings.metadata_url or f"sqlite:///{self.folder / 'metadata.db'}")

    @cached_property
    def artifacts(self) -> Artifacts:
        """The artifact store."""
        return Artifacts(self.folder / "artifacts")

    @cached_property
    def code(self) -> RepositoryCode:
        """Commits and their recipes."""
        revise = self.replay.revise if self.replay else None
        return RepositoryCode(self.folder / "sources", self.environment, revise, self.projects.mirrors.local)

    @cached_property
    def projects(self) -> Projects:
        """Makes, renews and undoes projects."""
        return Projects(self.folder, self.settings, self.metadata, self.heartbeat, now)

    @cached_property
    def ci(self) -> "Integration":
        """What pushes and approvals set going."""
        from spalje.workspace.integration import Integration

        return Integration(
            self.folder,
            self.settings,
            self.metadata,
            self.heartbeat,
            self.code,
            self.starter,
            self.projects,
            self.tell,
            now,
        )

    @cached_property
    def starter(self) -> "Starter":
        """Turns orders into runs."""
        from spalje.execution.start import Starter

        return Starter(
            self.metadata,
            self.artifacts,
            self.code,
            self.environment,
            now,
            self.folder,
            self.settings.inputs,
        )

    def environment(self, name: str, repository: Path, *, dev: bool = False) -> Environment:
        """The environment of a checked-out repository's scripts, or of its tests; nothing is made yet.

        Args:
            name: ``current``, ``uv`` or ``container``.
            repository: the checked-out repository.
            dev: with what its tests need.
        """
        return resolve(name, repository, self.environments.folder, dev=dev)

    @property
    def environments(self) -> EnvironmentStore:
        """The environments that were made."""
        return EnvironmentStore(self.folder / "environments")

    def executor(
        self, *, use_cache: bool = True, function: Callable[[str], StepFunction] = step_function
    ) -> Executor:
        """An executor of this process's own.

        Args:
            use_cache: reuse earlier successes with the same key.
            function: what executes a kind of step.
        """
        return Executor(
            metadata=self.metadata,
            artifacts=self.artifacts,
            settings=self.settings,
            folder=self.folder,
            heartbeat=self.heartbeat,
            source=lambda run: self.code.checkout(run.repository, run.commit).folder,
            environment=lambda run, name: self.environment(
                name, self.code.checkout(run.repository, run.commit).folder
            ),
            facts=self.facts,
            clock=now,
            use_cache=use_cache,
            function=function,
            foreign=self.replay is not None,
            alone=self.replay.alone if self.replay else lambda _: nullcontext(),
        )

    def facts(self, run: Run) -> Mapping[str, Any]:
        """What registering and deciding need to know beyond their inputs."""
        approved = self.metadata.versions.latest_approved(run.project)
        states = self.metadata.steps.all(run.id).values()
        batch = self.metadata.batches.get(run.batch) if run.batch else None
        return {
            "cost": sum(state.usage.cost for state in states if state.usage),
            "environment": next(  # the one that trained
                (
                    state.environment
                    for state in sorted(states, key=lambda state: state.kind != "train")
                    if state.environment
                ),
                "",
            ),
            "previous_baselines": dict(approved.content.baselines) if approved else None,
            "retrain": self.metadata.projects.get(run.project).retrain,
            "batch": batch,
            # asked by a decision, and not by what registers
            "standing": partial(standing, run, self.metadata, self.artifacts),
            "said": partial(verdicts_of, batch, self.artifacts) if batch else dict,
        }

    def execute(
        self, run: Run, *, use_cache: bool = True, listener: Listener = ignore, claim: Lease | None = None
    ) -> Run:
        """Execute what is left of a run in this process.

        Args:
            run: the run.
            use_cache: reuse earlier successes with the same key.
            listener: told what happens.
            claim: the lease as the run's orchestrator holds it, which is handed over.

        Raises:
            Conflict: another run of the same pipeline is being executed.
        """
        ended = Runner(self.executor(use_cache=use_cache)).run(run, definition_of(run), listener, claim)
        self.tell(ended)
        return ended

    @cached_property
    def heartbeat(self) -> Heartbeat:
        """Holds leases for this process."""
        return Heartbeat(self.metadata, this_process(), self.settings.lease_seconds, now)

    def resume(self, run: str) -> Run:
        """A run made ready to be executed again; what had succeeded stays.

        Raises:
            Conflict: somebody alive executes it.
        """
        found = self.metadata.runs.get(run)
        with self.heartbeat.hold(f"pipeline/{found.project}/{found.pipeline}"):
            return self.metadata.runs.reopen(run)

    @cached_property
    def orchestration(self) -> "Orchestration":
        """What another orchestrator asks for, step by step."""
        from spalje.workspace.orchestration import Orchestration

        return Orchestration(self)

    def conclusion(self, run: Run) -> Conclusion:
        """What a run decided."""
        return conclusion(self.metadata.steps.all(run.id), self.artifacts)

    def retraining(self, run: Run) -> Run | None:
        """The build that a run's decision calls for, recorded and not yet executed; None when there is none.

        A run calls for one build, however often it is asked: the first is remembered.
        """
        order = retraining(run, self.conclusion(run))
        if order is None:
            return None
        builds = self.metadata.runs.list(project=run.project, pipeline=order.pipeline, limit=100)
        if any(build.started_by == run.id for build in builds):
            return None
        build = self.starter.start_or_record(order)
        if build.status.ended:
            self.tell(build)
        return build

    def deliver_truth(
        self,
        project: str,
        file: Path,
        by: str,
        tell: Callable[[Delivery], None] = lambda _: None,
        key: str | None = None,
        link: str = "",
    ) -> Iterator[Run]:
        """Store a delivery of ground truth, and record the quality runs that it calls for.

        Args:
            project: whose.
            file: see ``GroundTruth.deliver``.
            by: who delivers.
            tell: told what the delivery brought.
            key: of this delivery, where another orchestrator asks; a run's key is this and the batch's id.
            link: where that orchestrator shows it.

        Returns:
            A run for each batch, of the oldest first. Each is recorded when it is asked for: execute the one before
            first, so that it learns from it.

        Raises:
            NotFound: the project has no quality pipeline.
            Conflict: a quality run is being executed.
            BadInput, Refused: see ``GroundTruth.deliver``.
        """
        from spalje.execution.ground_truth import PIPELINE, GroundTruth

        found = self.metadata.projects.get(project)
        definitions = self.code.definitions(self.code.checkout(found.deploy_repository, "main"))
        if PIPELINE not in definitions:
            raise NotFound(
                "pipeline",
                PIPELINE,
                definitions,
                do="Ground truth is checked by the deploy repository's quality pipeline.",
            )
        truth = GroundTruth(self.metadata, self.artifacts, now)
        with self.heartbeat.hold(f"pipeline/{project}/{PIPELINE}"):  # else what is learned now is missed
            delivered = truth.deliver(project, file, definitions[PIPELINE].problem, by)
        tell(delivered.told)
        return (
            self.starter.start(
                replace(order, key=f"{key}/{order.batch.id}" if key and order.batch else None, link=link)
            )
            for order in delivered.orders
        )

    @cached_property
    def watch(self) -> "Watch":
        """Finds what people should know."""
        from spalje.alerts.watch import Watch

        return Watch(self.metadata, self.artifacts, self.settings.alerts, alive)

    @cached_property
    def dispatch(self) -> "Dispatch":
        """Tells people."""
        from random import SystemRandom

        from spalje.alerts.dispatch import Dispatch
        from spalje.alerts.routes import routes

        return Dispatch(
            self.metadata.alerts, routes(self.settings.alerts, os.environ, now), now, SystemRandom().random
        )

    def tell(self, run: Run) -> None:
        """Tell people about a run that has ended, once; what goes wrong with that is no fault of the run's."""
        if self.replay is not None:
            return
        try:
            events = self.watch.ended(run, now())
            if not events:
                return
            for attempt in self.dispatch.tell(events, run.id).attempts:
                if attempt.error:
                    _warn(f"alert '{attempt.title}', channel '{attempt.channel}': {attempt.error}")
        except Exception as error:  # noqa: BLE001  whatever it is: the run has ended and is recorded
            _warn(f"alerts about {run.id} were not sent: {type(error).__name__}: {error}")

    def look_around(self, project: str | None = None) -> "Told":
        """Tell people what is missing, and what should have been told by a run whose process died.

        Args:
            project: only this project; None: all.

        Raises:
            NotFound: there is no such project.
        """
        at = now()
        projects = [self.metadata.projects.get(project)] if project else self.metadata.projects.all()
        events = tuple(
            event
            for one in projects
            for event in (*self.watch.overdue(one.name, at), *self.watch.left_untold(one.name, at))
        )
        told = self.dispatch.tell(events, f"check {at:%Y-%m-%d %H:%M:%S.%f}")
        return replace(told, attempts=(*told.attempts, *self.dispatch.send()))

    def run(self, order: Order, *, use_cache: bool = True, listener: Listener = ignore) -> Run:
        """Start a run and execute it."""
        return self.execute(self.starter.start(order), use_cache=use_cache, listener=listener)


def _warn(text: str) -> None:
    """Say on one line of standard error what went wrong beside the work."""
    sys.stderr.write(f"spalje: {' '.join(text.split())}\n")


def definition_of(run: Run) -> Definition:
    """The pipeline that a run executes.

    Raises:
        BadInput: its recipe did not compile.
    """
    if run.definition is None:
        raise BadInput(
            f"{run.id} has nothing to execute: {run.error}",
            do="Mend the recipe, commit and push: that starts a new run.",
        )
    return Definition.model_validate_json(run.definition)
