"""What every store of leases keeps to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from recorder import Recorder

from spalje.errors import Conflict
from spalje.lineage.lease import Lease

NAME = "pipeline/fresh/build"


def test_one_holder_at_a_time(record: Recorder):
    leases = record.metadata.leases
    held = leases.acquire(NAME, "host:1", 30, record.now())
    assert held == Lease(NAME, "host:1", 1)
    for owner in ("host:2", "host:1"):
        with pytest.raises(Conflict, match=r"held by host:1 until 2026-03-01 12:00:\d\d UTC"):
            leases.acquire(NAME, owner, 30, record.now())
    assert leases.acquire("another", "host:2", 30, record.now()).token == 1


def test_token_rises_with_every_taking(record: Recorder):
    leases = record.metadata.leases
    for token in (1, 2, 3):
        held = leases.acquire(NAME, f"host:{token}", 30, record.now())
        assert held.token == token
        leases.release(held)
    assert leases.acquire(NAME, "host:4", 0.5, record.now()).token == 4
    assert leases.acquire(NAME, "host:5", 30, record.now()).token == 5  # a second later it had run out


def test_holder(record: Recorder):
    leases = record.metadata.leases
    assert leases.holder(NAME) is None
    held = leases.acquire(NAME, "host:1", 0.5, record.now())
    assert leases.holder(NAME) == held
    record.time += timedelta(hours=1)
    assert leases.holder(NAME) == held  # run out, but not given back
    leases.release(held)
    assert leases.holder(NAME) is None


def test_renew(record: Recorder):
    leases = record.metadata.leases
    held = leases.acquire(NAME, "host:1", 10, record.now())
    for _ in range(5):
        record.time += timedelta(seconds=8)
        assert leases.renew([held], 10, record.now()) == ()
    with pytest.raises(Conflict):
        leases.acquire(NAME, "host:2", 10, record.now())


def test_renewing_tells_what_was_lost(record: Recorder):
    leases = record.metadata.leases
    lost = leases.acquire(NAME, "host:1", 1, record.now())
    kept = leases.acquire("other", "host:1", 60, record.now())
    record.time += timedelta(seconds=5)
    taken = leases.acquire(NAME, "host:2", 10, record.now())
    assert leases.renew([lost, kept], 10, record.now()) == (lost,)
    assert leases.holder(NAME) == taken


def test_only_the_holder_gives_back(record: Recorder):
    leases = record.metadata.leases
    held = leases.acquire(NAME, "host:1", 30, record.now())
    for stranger in (replace(held, owner="host:2"), replace(held, token=0), replace(held, name="other")):
        leases.release(stranger)
    assert leases.holder(NAME) == held
    leases.release(held)
    leases.release(held)
    assert leases.holder(NAME) is None


def test_a_lease_is_handed_over_by_whoever_holds_it_and_by_nobody_else(record: Recorder):
    leases = record.metadata.leases
    held = leases.acquire(NAME, "host:1", 30, record.now())
    for other in (replace(held, owner="host:3"), replace(held, token=held.token + 1)):
        with pytest.raises(Conflict):
            leases.acquire(NAME, "host:2", 30, record.now(), other)
    taken = leases.acquire(NAME, "host:2", 30, record.now(), held)
    assert (leases.holder(NAME), taken.token) == (taken, held.token + 1)
    assert leases.renew([held], 30, record.now()) == (held,), "the old holder learns of it"
