"""What a workspace does about CI: the queue, its workers, webhooks and approvals put together."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from spalje.execution.environment import resolve
from spalje.execution.lease import Heartbeat
from spalje.execution.start import Starter
from spalje.lineage.run import Run
from spalje.registry.version import ModelVersion
from spalje.settings import Settings
from spalje.storage.metadata import Metadata
from spalje.workspace.projects import Projects
from spalje.workspace.repository_code import RepositoryCode

if TYPE_CHECKING:
    from spalje.ci.asset_event import AssetEvents
    from spalje.ci.queue import Queue
    from spalje.ci.webhook import Webhooks
    from spalje.ci.worker import Worker
    from spalje.project.hook import Role


@dataclass(frozen=True)
class Integration:
    """Continuous integration: what pushes and approvals set going.

    Attributes:
        folder: the workspace.
        settings: what it was told.
        metadata: where jobs are recorded.
        heartbeat: holds leases for this process.
        code: commits and their recipes.
        starter: turns orders into runs.
        projects: reaches the projects' hosts.
        tell: tells people about a run that has ended.
        clock: gives the time, UTC.
    """

    folder: Path
    settings: Settings
    metadata: Metadata
    heartbeat: Heartbeat
    code: RepositoryCode
    starter: Starter
    projects: Projects
    tell: Callable[[Run], None]
    clock: Callable[[], datetime]

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
            clock=self.clock,
        )

    def pushed(self, by: str) -> "Callable[[str, Role, str, str], None]":
        """Queues what a push of our own to the embedded host asks for, where the repository's hook would.

        Args:
            by: who pushes.
        """
        from spalje.ci.push import PushedBranch
        from spalje.project.creation.repository_steps import repository_name
        from spalje.project.git_hosts.embedded import EmbeddedHost

        host = EmbeddedHost(self.folder / "git")

        def queue(project: str, repository: "Role", branch: str, commit: str) -> None:
            if host.is_announced(repository_name(project, repository)):
                self.queue.push(project, repository, [PushedBranch(branch, commit)], by)

        return queue

    @cached_property
    def worker(self) -> "Worker":
        """Works on the queues of CI."""
        from spalje.ci.detached import execute_waiting
        from spalje.ci.repository_tests import RepositoryTests
        from spalje.ci.worker import Worker

        environment = partial(resolve, folder=self.folder / "environments", dev=True)
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
            clock=self.clock,
            logs=self.folder / "ci",
        )

    @cached_property
    def webhooks(self) -> "Webhooks":
        """Takes what Git hosts deliver."""
        from spalje.ci.webhook import Webhooks
        from spalje.project.git_hosts.deliveries import read

        return Webhooks(self.metadata, self.settings.git_hosts, os.environ, read, self.queue, self.clock)

    @cached_property
    def airflow(self) -> "AssetEvents":
        """Tells Airflow."""
        from spalje.ci.asset_event import AssetEvents

        return AssetEvents(self.settings.airflow, os.environ)

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
            self.projects.host,
            lambda repository, branch: self.code.checkout(repository, branch).sha,
            self.queue.add,
        )
        return promotion.promote(self.metadata.projects.get(version.content.project), version, by)
