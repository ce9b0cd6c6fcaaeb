"""Holding leases: taken, renewed while the work goes on, given back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from spalje.errors import Conflict
from spalje.execution.owner import alive
from spalje.lineage.lease import Lease
from spalje.storage.metadata import Metadata


@dataclass(slots=True)
class Heartbeat:
    """Renews every lease that this process holds, from one thread.

    Attributes:
        seconds: a lease runs out so long after its last renewal.
    """

    metadata: Metadata
    owner: str
    seconds: float
    clock: Callable[[], datetime]
    _held: dict[Lease, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def hold(self, name: str, instead_of: Lease | None = None) -> Iterator[Lease]:
        """Hold the lease ``name`` for the length of the block.

        A lease whose holder died on this machine is taken over at once; any other runs out by itself.

        Args:
            name: of the lease.
            instead_of: the lease as it is held by somebody who hands it over.

        Raises:
            Conflict: somebody alive holds it.
        """
        lease = self.take(name, self.owner, self.seconds, instead_of)
        try:
            with self.keep(lease, self.seconds):
                yield lease
        finally:
            self.metadata.leases.release(lease)

    @contextmanager
    def keep(self, lease: Lease, seconds: float) -> Iterator[None]:
        """Renew a lease that was taken for the length of the block; it is not given back.

        Args:
            seconds: it runs out so long after its last renewal.
        """
        with self._lock:
            self._held[lease] = seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(lease, None)

    def take(self, name: str, owner: str, seconds: float, instead_of: Lease | None = None) -> Lease:
        """Take a lease for somebody, also from a holder that hands it over, or died on this machine.

        Raises:
            Conflict: somebody alive holds it.
        """
        try:
            return self.metadata.leases.acquire(name, owner, seconds, self.clock(), instead_of)
        except Conflict:
            holder = self.metadata.leases.holder(name)
            if holder is None or alive(holder.owner):
                raise
            self.metadata.leases.release(holder)
            return self.metadata.leases.acquire(name, owner, seconds, self.clock())

    def _beat(self) -> None:
        while not self._stop.wait(self.seconds / 3):
            with self._lock:
                held = dict(self._held)
            for seconds in set(held.values()):
                leases = [lease for lease, until in held.items() if until == seconds]
                self.metadata.leases.renew(leases, seconds, self.clock())
