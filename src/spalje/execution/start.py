"""Starting a run: the recipe compiled at one commit, parameters resolved, inputs pinned, all recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from spalje.errors import BadInput, NotFound, Refused, SpaljeError
from spalje.execution.commit import Code, Commit
from spalje.execution.environment import Environment
from spalje.execution.order import Order
from spalje.execution.pinning import Pinned, Pinner
from spalje.lineage.run import NewRun, Run
from spalje.pipeline.definition import Definition
from spalje.pipeline.parameter import resolve
from spalje.registry.batch import Batch, BatchStatus, newest_of_days
from spalje.registry.project import Project
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata

#: So many batches back a monitor looks: a year of days.
EARLIER = 371


@dataclass(frozen=True, slots=True)
class Starter:
    """Turns orders into recorded runs, ready to be executed.

    Attributes:
        workspace: where relative paths of ``[inputs]`` start.
        inputs: see ``Settings``.
    """

    metadata: Metadata
    artifacts: Artifacts
    code: Code
    environment: Callable[[str, Path], Environment]
    clock: Callable[[], datetime]
    workspace: Path
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def start(self, order: Order) -> Run:
        """Record a run of the pipeline; nothing is executed yet. An order with the key of a run is that run.

        Raises:
            Refused: the key is that of a run of another pipeline.
            NotFound: no such project, pipeline, ref, parameter or input.
            BadInput: the recipe does not compile, a parameter or an input is wrong.
            Refused: the pipeline needs an approved version and there is none.
        """
        project = self.metadata.projects.get(order.project)
        if (known := self._known(order)) is not None:
            return known
        commit, definition = self._find(project, order)
        parameters = resolve(definition.parameters, order.parameters)
        version = None
        if any(spec.source == "version" for spec in definition.inputs):
            version = (
                self.metadata.versions.get(order.project, order.batch.content.version)
                if order.batch
                else self.metadata.versions.latest_approved(order.project)
            )
        environment = self.environment(definition.environment, commit.folder)
        pinned = Pinner(
            self.artifacts,
            environment,
            order.inputs,
            version,
            order.batch,
            self.workspace,
            self._earlier(order, definition),
            self.inputs.get(order.project, {}),
        ).pin(definition)
        return self._record(
            order,
            commit,
            definition=definition,
            parameters=parameters,
            pinned=pinned,
            version=version.number if version else None,
        )

    def _known(self, order: Order) -> Run | None:
        known = None if order.key is None else self.metadata.runs.keyed(order.key)
        if known is not None and (known.project, known.pipeline) != (order.project, order.pipeline):
            raise Refused(
                f"The key {order.key!r} is that of {known.id}, which is no run of {order.project}/{order.pipeline}.",
                do="Give every run a key of its own.",
            )
        return known

    def start_or_record(self, order: Order) -> Run:
        """As ``start``, for an order nobody waits for: what cannot be started is recorded as a failed run."""
        try:
            return self.start(order)
        except SpaljeError as error:
            project = self.metadata.projects.get(order.project)
            commit = self.code.checkout(_repositories(project, order.pipeline)[0], order.ref)
            said = "\n".join(part for part in (str(error), error.do) if part)
            return self._record(order, commit, definition=None, error=said)

    def _earlier(self, order: Order, definition: Definition) -> tuple[Batch, ...]:
        """The batches that went out before, for a pipeline that learns from them: of the same days the newest.

        For a run about a batch those before that one, so that truth that comes late finds what it would have
        found in time.
        """
        if not any(spec.source == "earlier" for spec in definition.inputs):
            return ()
        out = [
            batch
            for batch in self.metadata.batches.list(order.project, EARLIER)
            if batch.content.status is not BatchStatus.BLOCKED and _before(batch, order.batch)
        ]
        return newest_of_days(reversed(out))

    def _find(self, project: Project, order: Order) -> tuple[Commit, Definition]:
        """The pipeline's definition, in the repository that has it."""
        names: list[str] = []
        broken: SpaljeError | None = None
        for repository in _repositories(project, order.pipeline):
            try:
                commit = self.code.checkout(repository, order.ref)
                definitions = self.code.definitions(commit)
            except (NotFound, BadInput) as error:  # perhaps the other repository has the ref and the pipeline
                broken = broken or error
                continue
            if order.pipeline in definitions:
                return commit, definitions[order.pipeline]
            names += definitions
        if broken and (isinstance(broken, BadInput) or not names):
            raise broken
        raise NotFound("pipeline", order.pipeline, names)

    def _record(
        self,
        order: Order,
        commit: Commit,
        *,
        definition: Definition | None,
        parameters: Mapping[str, Any] | None = None,
        pinned: Pinned | None = None,
        version: int | None = None,
        error: str | None = None,
    ) -> Run:
        return self.metadata.runs.create(
            NewRun(
                project=order.project,
                pipeline=order.pipeline,
                definition=definition.model_dump_json() if definition else None,
                steps=tuple((step.name, step.kind) for step in definition.steps) if definition else (),
                repository=commit.repository,
                commit=commit.sha,
                author=commit.author,
                trigger=order.trigger,
                started_by=order.by,
                parameters=parameters or {},
                inputs=pinned.inputs if pinned else {},
                artifacts=pinned.artifacts if pinned else (),
                version=version,
                batch=order.batch.id if order.batch else None,
                error=error,
                key=order.key,
                link=order.link,
            ),
            self.clock(),
        )


def _before(batch: Batch, about: Batch | None) -> bool:
    """Whether a batch came before the one that a run is about: it is about earlier days, or was made earlier."""
    if about is None:
        return True
    if batch.content.last is None or about.content.first is None:
        return batch.number < about.number
    return batch.content.last < about.content.first


def _repositories(project: Project, pipeline: str) -> tuple[str, str]:
    """The project's repositories, the likelier home of the pipeline first."""
    both = (project.build_repository, project.deploy_repository)
    return both if pipeline == "build" else (both[1], both[0])
