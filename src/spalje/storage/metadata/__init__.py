"""The metadata: projects, runs, step runs, leases, versions, batches, ground truth, alerts and lineage."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spalje.storage.metadata.alert_store import AlertStore
from spalje.storage.metadata.batch_store import BatchStore
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.engine import engine_for
from spalje.storage.metadata.lease_store import LeaseStore
from spalje.storage.metadata.project_store import ProjectStore
from spalje.storage.metadata.run_store import RunStore
from spalje.storage.metadata.schema import prepare
from spalje.storage.metadata.step_store import StepStore
from spalje.storage.metadata.truth_store import TruthStore
from spalje.storage.metadata.version_store import VersionStore

if TYPE_CHECKING:
    from spalje.storage.metadata.ci_job_store import CiJobStore
    from spalje.storage.metadata.count_store import CountStore
    from spalje.storage.metadata.lineage_store import LineageStore
    from spalje.storage.metadata.undertaking_store import UndertakingStore
    from spalje.storage.metadata.webhook_store import WebhookStore


@dataclass(frozen=True, slots=True)
class Metadata:
    """Everything that is recorded, one store for each noun.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     metadata = open_metadata(f"sqlite:///{folder}/metadata.db")
        ...     print(metadata.projects.all(), metadata.runs.list())
        ...     metadata.close()
        () ()
    """

    database: Database
    projects: ProjectStore
    runs: RunStore
    steps: StepStore
    leases: LeaseStore
    versions: VersionStore
    batches: BatchStore
    truths: TruthStore
    alerts: AlertStore

    @property
    def lineage(self) -> "LineageStore":
        """What came from what."""
        from spalje.storage.metadata.lineage_store import LineageStore  # noqa: PLC0415  only those who ask pay for it

        return LineageStore(self.database)

    @property
    def counts(self) -> "CountStore":
        """How many there are."""
        from spalje.storage.metadata.count_store import CountStore  # noqa: PLC0415  only those who ask pay for it

        return CountStore(self.database)

    @property
    def jobs(self) -> "CiJobStore":
        """The jobs of CI."""
        from spalje.storage.metadata.ci_job_store import CiJobStore  # noqa: PLC0415  only those who ask pay for it

        return CiJobStore(self.database)

    @property
    def webhooks(self) -> "WebhookStore":
        """What Git hosts have delivered."""
        from spalje.storage.metadata.webhook_store import WebhookStore  # noqa: PLC0415  only those who ask pay for it

        return WebhookStore(self.database)

    @property
    def undertakings(self) -> "UndertakingStore":
        """Projects that are being created or deleted."""
        from spalje.storage.metadata.undertaking_store import UndertakingStore  # noqa: PLC0415  only those who ask pay

        return UndertakingStore(self.database)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self.database.engine.dispose()


def open_metadata(url: str) -> Metadata:
    """Open a metadata database; create it or bring it up to date where need be.

    Args:
        url: ``sqlite:////absolute/path/metadata.db`` or ``postgresql+psycopg://…``.

    Raises:
        BadInput: the database cannot be used, see ``spalje.storage.metadata.engine.engine_for``
            and ``spalje.storage.metadata.schema.prepare``.
    """
    database = Database(engine_for(url))
    prepare(database)
    return Metadata(
        database=database,
        projects=ProjectStore(database),
        runs=RunStore(database),
        steps=StepStore(database),
        leases=LeaseStore(database),
        versions=VersionStore(database),
        batches=BatchStore(database),
        truths=TruthStore(database),
        alerts=AlertStore(database),
    )
