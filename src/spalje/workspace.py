"""The composition root: a folder in; stores, code, executor and runner out.

What only some commands need (templates, tables) is loaded when it is used: every run starts here.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from spalje import __version__
from spalje.errors import BadInput, NotFound
from spalje.execution.consequence import Conclusion, conclusion, retraining
from spalje.execution.environment import Environment, resolve
from spalje.execution.environment.store import EnvironmentStore
from spalje.execution.event import Listener, ignore
from spalje.execution.executor import Executor
from spalje.execution.lease import Heartbeat
from spalje.execution.owner import alive, this_process
from spalje.execution.runner import Runner
from spalje.execution.standing import standing, verdicts_of
from spalje.execution.start import Commit, Order, Starter
from spalje.fingerprint import fingerprint
from spalje.lineage.run import Run
from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.definition import Definition
from spalje.project import git
from spalje.project.mirror import Mirrors
from spalje.registry.project import Project
from spalje.registry.truth import Delivery
from spalje.registry.version import ModelVersion
from spalje.settings import EMBEDDED, Settings, load
from spalje.steps import StepFunction, step_function
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata, open_metadata

if TYPE_CHECKING:
    from spalje.alerts.dispatch import Dispatch, Told
    from spalje.alerts.watch import Watch
    from spalje.ci.queue import Queue
    from spalje.ci.webhook import Webhooks
    from spalje.ci.worker import Worker
    from spalje.project.catalog import Catalog
    from spalje.project.creation import Created
    from spalje.project.deletion import Deletion
    from spalje.project.git_hosts.port import GitHost, Remote
    from spalje.project.hook import Role
    from spalje.project.snapshot import Snapshots
    from spalje.project.template import Template
    from spalje.project.undertaking import Told as Tell
    from spalje.project.update import Place, Render, Updater

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
    def code(self) -> "RepositoryCode":
        """Commits and their recipes."""
        revise = self.replay.revise if self.replay else None
        mirrors = Mirrors(self.folder / "git" / ".mirrors", self._remote)
        return RepositoryCode(self.folder / "sources", self.environment, revise, mirrors.local)

    def host(self, name: str) -> "GitHost":
        """A Git host.

        Args:
            name: what the settings call it; ``embedded``: the one in the workspace.

        Raises:
            NotFound: the settings have no such host.
        """
        from spalje.project.git_hosts.open import open_host
        from spalje.project.hook import HookSpec

        if name != EMBEDDED and name not in self.settings.git_hosts:
            raise NotFound(
                "Git host",
                name,
                [EMBEDDED, *self.settings.git_hosts],
                do="Describe it in settings.toml; see docs/git-hosts.md.",
            )
        return open_host(
            name,
            self.settings.git_hosts.get(name),
            folder=self.folder / "git",
            hook=HookSpec.of(sys.executable, self.folder),
            environ=os.environ,
        )

    def _remote(self, repository: str) -> "Remote":
        """How Git reaches the repository of a project, by its address."""
        for project in self.metadata.projects.all():
            if repository in {project.build_repository, project.deploy_repository}:
                role = "build" if repository == project.build_repository else "deploy"
                return self.host(project.host).remote(f"{project.name}-{role}")
        raise NotFound("project with the repository", repository)

    @cached_property
    def catalog(self) -> "Catalog":
        """The templates that projects can be created from."""
        from spalje.project.catalog import Catalog

        def credentials(source: str) -> Mapping[str, str]:
            for name, host in self.settings.git_hosts.items():
                if source.startswith(f"{host.address.rstrip('/')}/"):
                    return self.host(name).remote("template").environ
            return {}

        return Catalog(
            self.folder / "catalog.toml", self.folder / "git" / ".catalog", self.settings.teams, credentials
        )

    @cached_property
    def snapshots(self) -> "Snapshots":
        """The versions of templates that were ever used."""
        from spalje.project.snapshot import Snapshots

        return Snapshots(self.folder / "git" / ".templates.git", self.folder / "sources" / "templates")

    @cached_property
    def starter(self) -> Starter:
        """Turns orders into runs."""
        return Starter(self.metadata, self.artifacts, self.code, self.environment, now, self.folder)

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
        owner = this_process()
        return Executor(
            metadata=self.metadata,
            artifacts=self.artifacts,
            settings=self.settings,
            folder=self.folder,
            heartbeat=Heartbeat(self.metadata, owner, self.settings.lease_seconds, now),
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

    def execute(self, run: Run, *, use_cache: bool = True, listener: Listener = ignore) -> Run:
        """Execute what is left of a run in this process.

        Raises:
            Conflict: another run of the same pipeline is being executed.
        """
        ended = Runner(self.executor(use_cache=use_cache)).run(run, definition_of(run), listener)
        self.tell(ended)
        return ended

    def create_project(
        self, wanted: Project, author: str, into: Path | None = None, tell: "Tell | None" = None
    ) -> "Created":
        """Create a project from its template, or go on with a creation that was interrupted.

        Args:
            wanted: as wanted: its host, template, answers, people; the template's version where it is not to be the
                newest. The rest is filled in.
            author: who the first commits are by, "Name <mail>".
            into: a folder to clone both repositories into.
            tell: told how far it has come.

        Raises:
            SpaljeError: see ``spalje.project.creation.Creation.create``.
        """
        from spalje.project.creation import Creation
        from spalje.project.undertaking import quiet

        def template(version: str | None) -> "Template":
            name, person = wanted.template, wanted.created_by
            if version is not None and version in self.snapshots.versions(name):
                offered = self.catalog.find(name, person)
                return self.snapshots.get(name, version, trusted=offered.trusted)
            return self.snapshots.keep(self.catalog.find(name, person, version))

        creation = Creation(
            metadata=self.metadata,
            host=self.host(wanted.host),
            settings=self.settings.git_hosts.get(wanted.host),
            template=template,
            alone=self.heartbeat.hold,
            environ=os.environ,
            clock=now,
            new_mark=lambda: token_hex(8),
        )
        return creation.create(wanted, git.Author.parse(author), into, tell or quiet)

    @cached_property
    def deletion(self) -> "Deletion":
        """Deletes projects."""
        from spalje.project.deletion import Deletion

        return Deletion(
            metadata=self.metadata,
            hosts=self.host,
            alone=self.heartbeat.hold,
            logs=(self.folder / "runs", self.folder / "ci"),
            clock=now,
        )

    def template(self, name: str, version: str | None = None) -> "Template":
        """A version of a template, kept from now on.

        Args:
            name: as in the catalog.
            version: which; None: the newest.

        Raises:
            NotFound: there is no such template or version.
            BadInput: it cannot be read.
        """
        offered = self.catalog.find(name)
        if version is not None and version in self.snapshots.versions(name):
            return self.snapshots.get(name, version, trusted=offered.trusted)
        return self.snapshots.keep(
            offered if version in (None, offered.version) else self.catalog.find(name, version=version)
        )

    def template_versions(self, name: str) -> tuple[str, ...]:
        """The versions of a template up to the newest on offer, oldest first, also those that are only in use.

        Raises:
            NotFound: there is no such template.
            BadInput: it cannot be read.
        """
        from spalje.project.card import in_order

        offered = self.catalog.versions(name)
        known = sorted({*offered, *self.snapshots.versions(name)}, key=in_order)
        return tuple(version for version in known if in_order(version) <= in_order(offered[-1]))

    def place(self, project: Project, role: "Role") -> "Place":
        """One of a project's repositories: on its host, and here with all its branches as they are now.

        Raises:
            NotFound, HostFailed, BadInput: the host is not known, could not be reached, or refused.
        """
        from spalje.project.repository_steps import repository_name
        from spalje.project.update import Place

        host, name = self.host(project.host), repository_name(project.name, role)
        mirrors = Mirrors(self.folder / "git" / ".mirrors", lambda _: host.remote(name))
        url = project.build_repository if role == "build" else project.deploy_repository
        return Place(host, name, mirrors.local(url, git.BRANCH))

    def updater(self, author: str, *, dry: bool = False, render: "Render | None" = None) -> "Updater":
        """Brings newer templates to projects.

        Args:
            author: who the commits are by, "Name <mail>".
            dry: push nothing and propose nothing.
            render: renders; None: one rendering after the other.

        Raises:
            UsageError: the author is no person.
        """
        from spalje.project.rendering import rendered
        from spalje.project.update import Updater

        return Updater(
            cache(self.template),
            self.place,
            render or partial(rendered, recorded=True),
            git.Author.parse(author),
            dry=dry,
        )

    @cached_property
    def heartbeat(self) -> Heartbeat:
        """Holds leases for this process."""
        return Heartbeat(self.metadata, this_process(), self.settings.lease_seconds, now)

    @cached_property
    def queue(self) -> "Queue":
        """Fills the queues of CI."""
        from spalje.ci.detached import start_detached
        from spalje.ci.queue import Queue

        return Queue(
            metadata=self.metadata,
            heartbeat=self.heartbeat,
            message=self.code.message,
            record=self.starter.start_or_record,
            start_worker=lambda project: start_detached(
                ("ci", "work", "--project", project), self.folder, self.folder / "ci" / project / "worker.log"
            ),
            clock=now,
        )

    @cached_property
    def worker(self) -> "Worker":
        """Works on the queues of CI."""
        from spalje.ci.detached import execute_waiting
        from spalje.ci.repository_tests import RepositoryTests
        from spalje.ci.worker import Worker

        environment = partial(resolve, folder=self.environments.folder, dev=True)
        return Worker(
            metadata=self.metadata,
            heartbeat=self.heartbeat,
            queue=self.queue,
            checkout=self.code.checkout,
            message=self.code.message,
            pipelines=lambda commit: tuple(self.code.definitions(commit)),
            tests=RepositoryTests(environment),
            execute=lambda run: execute_waiting(run, self.folder),
            tell=self.tell,
            clock=now,
            logs=self.folder / "ci",
        )

    @cached_property
    def webhooks(self) -> "Webhooks":
        """Takes what Git hosts deliver."""
        from spalje.ci.webhook import Webhooks
        from spalje.project.git_hosts.deliveries import read

        return Webhooks(self.metadata, self.settings.git_hosts, os.environ, read, self.queue, now)

    def promote(self, version: ModelVersion, by: str) -> str:
        """Tell the deploy repository's CI what was decided about a version.

        Args:
            version: as it stands now.
            by: who asks.

        Returns:
            What was started, for a person.

        Raises:
            SpaljeError: see ``spalje.ci.promotion.Promotion.promote``; the decision stands.
        """
        from spalje.ci.promotion import Promotion

        promotion = Promotion(
            self.host, lambda repository, branch: self.code.checkout(repository, branch).sha, self.queue.add
        )
        return promotion.promote(self.metadata.projects.get(version.content.project), version, by)

    def resume(self, run: str) -> Run:
        """A run made ready to be executed again; what had succeeded stays.

        Raises:
            Conflict: somebody alive executes it.
        """
        found = self.metadata.runs.get(run)
        with self.executor().heartbeat.hold(f"pipeline/{found.project}/{found.pipeline}"):
            return self.metadata.runs.reopen(run)

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
        self, project: str, file: Path, by: str, tell: Callable[[Delivery], None] = lambda _: None
    ) -> Iterator[Run]:
        """Store a delivery of ground truth, and record the quality runs that it calls for.

        Args:
            project: whose.
            file: see ``GroundTruth.deliver``.
            by: who delivers.
            tell: told what the delivery brought.

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
        with self.executor().heartbeat.hold(
            f"pipeline/{project}/{PIPELINE}"
        ):  # else what is learned now is missed
            delivered = truth.deliver(project, file, definitions[PIPELINE].problem, by)
        tell(delivered.told)
        return (self.starter.start(order) for order in delivered.orders)

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


@dataclass(frozen=True)
class RepositoryCode:
    """Commits of Git repositories, checked out once each, and their compiled recipes.

    Attributes:
        folder: where checked-out commits are kept.
        environment: gives ``current``, in which recipes are compiled.
        revise: changes every definition; None: they are taken as they are.
        local: where the commit that a repository's ref names can be read.
    """

    folder: Path
    environment: Callable[[str, Path], Environment]
    revise: Callable[[Definition], Definition] | None = None
    local: Callable[[str, str], Path] = lambda repository, _: Path(repository)
    _known: dict[tuple[str, str], Commit] = field(default_factory=dict, init=False, repr=False, compare=False)

    def checkout(self, repository: str, ref: str) -> Commit:
        """See ``spalje.execution.start.Code``."""
        if (repository, ref) in self._known:
            return self._known[repository, ref]
        bare = self.local(repository, ref)
        sha = ref if len(ref) == 40 and (self.folder / ref).is_dir() else git.resolve(bare, ref)
        folder = self.folder / sha
        if not folder.is_dir():
            git.export(bare, sha, folder)
        commit = Commit(repository, sha, git.author(bare, sha), folder)
        self._known[repository, sha] = commit  # a branch may move, a commit does not
        return commit

    def message(self, repository: str, sha: str) -> str:
        """The message of a commit.

        Raises:
            BadInput: there is no such commit.
        """
        return git.message(self.local(repository, sha), sha)

    def definitions(self, commit: Commit) -> dict[str, Definition]:
        """See ``spalje.execution.start.Code``."""
        found = self._compiled(commit)
        if self.revise is None:
            return found
        return {name: self.revise(definition) for name, definition in found.items()}

    def _compiled(self, commit: Commit) -> dict[str, Definition]:
        environment = self.environment("current", commit.folder)
        name = fingerprint({"sha": commit.sha, "environment": environment.lock, "spalje": __version__})
        known = self.folder / f"{name}.json"
        if known.is_file():
            return {
                key: Definition.model_validate(value) for key, value in json.loads(known.read_text()).items()
            }
        definitions = compile_recipe(commit.folder, (sys.executable,))
        aside = known.with_suffix(f".{os.getpid()}")
        aside.write_text(
            json.dumps({key: value.model_dump(mode="json") for key, value in definitions.items()})
        )
        aside.replace(known)
        return definitions
