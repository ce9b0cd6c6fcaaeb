"""However holders come, sleep and go, at most one of them can write, and it is the one that came last."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from recorder import Recorder

from spalje.errors import Conflict
from spalje.lineage.lease import Lease
from spalje.storage.metadata import open_metadata
from spalje.storage.metadata.lease_store import fence

SECONDS = 10


class Leases(RuleBasedStateMachine):
    """One lease, three who want it, and a clock."""

    held = Bundle("held")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.record = Recorder(open_metadata(f"sqlite:///{Path(self.folder.name) / 'metadata.db'}"))
        self.leases = self.record.metadata.leases
        self.last: Lease | None = None  # taken last
        self.free = True  # given back
        self.until = self.record.time
        self.taken: list[Lease] = []

    def teardown(self) -> None:
        self.record.metadata.close()
        self.folder.cleanup()

    @rule(target=held, owner=st.sampled_from(["a", "b", "c"]))
    def acquire(self, owner: str):
        now = self.record.now()
        alive = not self.free and self.until > now
        if alive:
            with pytest.raises(Conflict, match=f"held by {self.last.owner}"):
                self.leases.acquire("x", owner, SECONDS, now)
            return self.last
        lease = self.leases.acquire("x", owner, SECONDS, now)
        assert lease == Lease("x", owner, len(self.taken) + 1)
        self.taken.append(lease)
        self.last, self.free, self.until = lease, False, now + timedelta(seconds=SECONDS)
        return lease

    @rule(seconds=st.sampled_from([1, SECONDS, 3 * SECONDS]))
    def sleep(self, seconds: int) -> None:
        self.record.time += timedelta(seconds=seconds)

    @rule(lease=held)
    def renew(self, lease: Lease) -> None:
        now = self.record.now()
        mine = lease == self.last and not self.free
        assert self.leases.renew([lease], SECONDS, now) == (() if mine else (lease,))
        if mine:
            self.until = now + timedelta(seconds=SECONDS)

    @rule(lease=held)
    def release(self, lease: Lease) -> None:
        self.leases.release(lease)
        if lease == self.last:
            self.free = True

    @invariant()
    def only_the_last_holder_can_write(self) -> None:
        for lease in getattr(self, "taken", ()):
            with self.record.metadata.database.read() as connection:
                try:
                    fence(connection, lease)
                except Conflict:
                    assert lease != self.last or self.free
                else:
                    assert lease == self.last
                    assert not self.free


Leases.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
test_leases = Leases.TestCase
