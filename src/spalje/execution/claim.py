"""A run that another orchestrator drives holds its pipeline, also while none of its steps is being executed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from spalje.execution.lease import Heartbeat
from spalje.lineage.lease import Lease
from spalje.lineage.run import Run, Status

#: Seconds without a sign of life after which another run may have the pipeline: longer than tasks wait for a worker.
CLAIM_S = 3600.0
_OWNER = "key/"


@dataclass(frozen=True, slots=True)
class Claims:
    """Which run holds which pipeline, by the runs' keys; the lease is the one that the embedded runner takes.

    Attributes:
        heartbeat: takes leases and renews them.
    """

    heartbeat: Heartbeat

    def take(self, project: str, pipeline: str, key: str) -> Lease:
        """Hold a pipeline for the run of a key, which may hold it already, or be yet to be recorded.

        A run that held it and gave no sign of life is over: it is recorded as cancelled.

        Raises:
            Conflict: another run holds it.
        """
        metadata, clock = self.heartbeat.metadata, self.heartbeat.clock
        name, owner = f"pipeline/{project}/{pipeline}", f"{_OWNER}{key}"
        holder = metadata.leases.holder(name)
        if holder is not None and holder.owner == owner:
            if not metadata.leases.renew((holder,), CLAIM_S, clock()):
                return holder
            holder = None
        lease = self.heartbeat.take(name, owner, CLAIM_S)
        if holder is not None and holder.owner.startswith(_OWNER):
            gone = metadata.runs.keyed(holder.owner.removeprefix(_OWNER))
            if gone is not None:
                said = "Nobody went on with it, and another run has taken its place."
                metadata.runs.finish(gone.id, Status.CANCELLED, said, clock())
        return lease

    @contextmanager
    def kept(self, run: Run) -> Iterator[None]:
        """Hold the pipeline of a run with a key while one of its steps is executed, and from then on.

        Raises:
            Conflict: another run holds it.
        """
        if run.key is None:
            yield
            return
        lease = self.take(run.project, run.pipeline, run.key)
        with self.heartbeat.keep(lease, CLAIM_S):
            yield
        self.heartbeat.metadata.leases.renew((lease,), CLAIM_S, self.heartbeat.clock())

    def of(self, run: Run) -> Lease | None:
        """The lease of its pipeline, if the run holds it."""
        holder = self.heartbeat.metadata.leases.holder(f"pipeline/{run.project}/{run.pipeline}")
        return holder if holder is not None and holder.owner == f"{_OWNER}{run.key}" else None

    def release(self, run: Run) -> None:
        """Let go of the run's pipeline; nothing happens when it does not hold it."""
        claim = self.of(run)
        if claim is not None:
            self.heartbeat.metadata.leases.release(claim)
