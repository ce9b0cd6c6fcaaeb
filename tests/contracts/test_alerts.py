"""What every store of alerts keeps to."""

import json
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from recorder import Recorder, digest

from spalje.errors import NotFound
from spalje.storage.metadata.alert_store import KEEP, Alert, AlertStore

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def alert(name: str = "a", occasion: str = "fresh/inference/1", **fields) -> Alert:
    made = Alert(
        identity=digest(name),
        kind="alarm",
        project="fresh",
        subject="fresh/1",
        what=name,
        at=NOW,
        summary=f"{name}: ü <b>",
        details=("one", "two\nlines"),
        link="spalje batch show fresh/1",
        report="/tmp/report.html",
        occasion=occasion,
    )
    return replace(made, **fields)


@pytest.fixture
def store(record: Recorder) -> AlertStore:
    return record.metadata.alerts


def tell(store: AlertStore, *alerts: Alert, channels: tuple[str, ...] = ("mail",), now: datetime = NOW):
    return store.record(alerts, {one.identity: channels for one in alerts}, now)


def test_what_is_recorded_comes_back(store: AlertStore):
    assert tell(store, alert(), channels=("mail", "chat")) == (digest("a"),)
    (found,) = store.list()
    assert replace(found, deliveries=()) == alert()
    assert [(one.channel, one.first_at, one.sent_at, one.attempts) for one in found.deliveries] == [
        ("chat", NOW, None, 0),
        ("mail", NOW, None, 0),
    ]


def test_an_event_is_recorded_once_and_stays_as_it_was_first_told(store: AlertStore):
    tell(store, alert())
    assert tell(store, alert(summary="other", occasion="fresh/inference/2"), alert("b")) == (digest("b"),)
    assert tell(store) == ()
    newest, oldest = store.list()
    assert (newest.identity, oldest.summary, oldest.occasion) == (
        digest("b"),
        "a: ü <b>",
        "fresh/inference/1",
    )


def test_a_channel_that_is_new_to_an_event_gets_it_too(store: AlertStore):
    tell(store, alert())
    store.claim("mail", "x", 60, NOW)
    store.sent("x", NOW)
    tell(store, alert(), channels=("mail", "chat"), now=LATER)
    assert store.claim("mail", "y", 60, LATER) == ()
    assert [one.identity for one in store.claim("chat", "z", 60, LATER)] == [digest("a")]


def test_an_event_of_no_project_is_refused(store: AlertStore):
    with pytest.raises(NotFound, match="fresh"):
        tell(store, alert(project="dairy"))
    assert store.list() == ()


def test_list_is_newest_first_and_of_one_project(record: Recorder, store: AlertStore):
    record.project("dairy")
    tell(store, alert("a"), alert("b", project="dairy"), alert("c"))
    assert [one.what for one in store.list()] == ["c", "b", "a"]
    assert [one.what for one in store.list("fresh", 1)] == ["c"]
    assert store.list("nobody") == ()


def test_a_claim_is_of_one_occasion_the_oldest_first(store: AlertStore):
    tell(store, alert("a", "one"), alert("b", "two"), alert("c", "one"))
    assert [one.what for one in store.claim("mail", "x", 60, NOW)] == ["a", "c"]
    assert [one.what for one in store.claim("mail", "y", 60, NOW)] == ["b"]
    assert store.claim("mail", "z", 60, NOW) == ()


def test_a_claim_of_a_named_occasion(store: AlertStore):
    tell(store, alert("a", "one"), alert("b", "two"))
    assert [one.what for one in store.claim("mail", "x", 60, NOW, "two")] == ["b"]
    assert store.claim("mail", "y", 60, NOW, "three") == ()


def test_channels_do_not_know_of_each_other(store: AlertStore):
    tell(store, alert(), channels=("mail", "chat"))
    assert store.claim("mail", "x", 60, NOW)
    assert store.sent("x", NOW) == 1
    assert store.claim("chat", "y", 60, NOW)
    assert store.claim("nobody", "z", 60, NOW) == ()


def test_what_is_claimed_is_given_to_nobody_else_until_the_claim_runs_out(store: AlertStore):
    tell(store, alert())
    assert store.claim("mail", "x", 60, NOW)
    assert store.claim("mail", "y", 60, NOW + timedelta(seconds=59)) == ()
    assert store.claim("mail", "y", 60, NOW + timedelta(seconds=60))
    assert store.sent("x", LATER) == 0, "the claim was lost"
    assert store.failed("x", "late", LATER) == 0
    assert store.sent("y", LATER) == 1


def test_what_was_delivered_is_never_given_again(store: AlertStore):
    tell(store, alert())
    store.claim("mail", "x", 60, NOW)
    assert store.sent("x", LATER, "not to everybody") == 1
    store.hurry("mail", LATER)
    assert store.claim("mail", "y", 60, NOW + timedelta(days=1)) == ()
    (delivery,) = store.list()[0].deliveries
    assert (delivery.sent_at, delivery.attempts, delivery.last_error) == (LATER, 1, "not to everybody")
    assert store.failed("x", "never mind", LATER) == 0


def test_what_failed_waits_for_its_time_or_for_somebody_in_a_hurry(store: AlertStore):
    tell(store, alert())
    store.claim("mail", "x", 60, NOW)
    assert store.failed("x", "busy", LATER) == 1
    (delivery,) = store.list()[0].deliveries
    assert (delivery.attempts, delivery.last_error, delivery.next_at) == (1, "busy", LATER)
    assert store.claim("mail", "y", 60, LATER - timedelta(seconds=1)) == ()
    assert store.claim("mail", "y", 60, LATER)
    store.failed("y", "busy", NOW + timedelta(days=1))
    store.hurry("chat", LATER)
    assert store.claim("mail", "z", 60, LATER) == ()
    store.hurry("mail", LATER)
    (again,) = store.claim("mail", "z", 60, LATER)
    assert again.deliveries[0].attempts == 2


def test_what_is_too_old_is_given_up(store: AlertStore):
    tell(store, alert())
    assert store.claim("mail", "x", 60, NOW + KEEP) == ()
    assert store.claim("mail", "x", 60, NOW + KEEP - timedelta(seconds=1))


def test_counts(record: Recorder, store: AlertStore):
    record.project("dairy")
    record.version()
    batch = record.batch()
    failed = record.run()
    record.metadata.runs.finish(failed.id, "failed", "it fell", record.now())
    tell(store, alert("a"), alert("b"), alert("c", kind="block"), channels=("mail", "chat"))
    store.claim("mail", "x", 60, NOW)
    store.sent("x", NOW)
    counts = record.metadata.counts
    assert counts.alerts() == {("fresh", "alarm"): 2, ("fresh", "block"): 1}
    assert counts.undelivered() == {"chat": 3}
    assert counts.batches() == {("fresh", "published"): 1}
    assert counts.last_batches() == {"fresh": batch.created_at}
    assert counts.pending() == {"fresh": 1}
    assert counts.runs()["fresh", "build", "failed"] == 1
    assert sum(counts.runs().values()) == len(record.metadata.runs.list())


CLAIMING = """
    import json, sys
    from datetime import UTC, datetime
    from spalje.storage.metadata import open_metadata

    url, name = sys.argv[1:]
    store = open_metadata(url).alerts
    now = datetime(2026, 3, 2, 6, tzinfo=UTC)
    print("ready", flush=True)
    sys.stdin.readline()
    got, turn = [], 0
    while taken := store.claim("mail", f"{name}{turn}", 60, now):
        assert store.sent(f"{name}{turn}", now) == len(taken)
        got += [one.what for one in taken]
        turn += 1
    print(json.dumps(got))
"""


def test_two_processes_at_once_never_take_the_same(store: AlertStore, tmp_path: Path):
    names = [f"{number:02}" for number in range(40)]
    tell(store, *(alert(name, occasion=name) for name in names))
    words = [sys.executable, "-c", textwrap.dedent(CLAIMING), f"sqlite:///{tmp_path / 'metadata.db'}"]
    processes = [
        subprocess.Popen(
            [*words, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in "abc"
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ended
    taken = [what for out, _ in ended for what in json.loads(out)]
    assert sorted(taken) == names
    assert all(one.deliveries[0].sent_at for one in store.list(limit=100))
