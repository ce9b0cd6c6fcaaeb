"""Each event once, those of an occasion together, and what happens when a channel does not take them."""

import json
import os
import subprocess
import sys
import textwrap
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from receivers import Answer, Hook, hook
from recorder import Recorder

from spalje.alerts.channel import Channel, PartlyDelivered, Route, Secrets, Undelivered
from spalje.alerts.chat_webhook import ChatWebhook
from spalje.alerts.dispatch import BACK_OFF_S, CLAIM_S, DEADLINE_S, TRIES, WAIT_S, Dispatch
from spalje.alerts.event import Event, Kind
from spalje.alerts.message import Message
from spalje.errors import NotFound
from spalje.settings import Webhook
from spalje.storage.metadata.alert_store import KEEP

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
RUN = "fresh/inference/7"


@dataclass
class Recorded:
    """A channel of the test's own, that takes or refuses what it is told to."""

    name: str = "own"
    taken: list[Message] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)

    def send(self, message: Message) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.taken.append(message)


@dataclass
class Bench:
    """A dispatch whose time stands still unless it is told to pass."""

    record: Recorder
    routes: list[Route]
    now: datetime = NOW
    waited: list[float] = field(default_factory=list)

    @property
    def dispatch(self) -> Dispatch:
        return Dispatch(
            self.record.metadata.alerts,
            self.routes,
            lambda: self.now,
            lambda: 1.0,
            self.waited.append,
            deadline_s=2.0,
        )

    def deliveries(self):
        return {one.channel: one for alert in self.record.metadata.alerts.list() for one in alert.deliveries}


@pytest.fixture
def own() -> Recorded:
    return Recorded()


@pytest.fixture
def bench(record: Recorder, own: Recorded) -> Bench:
    return Bench(record, [Route(own)])


def event(kind: Kind = Kind.ALARM, subject: str = "fresh/3", **fields) -> Event:
    return Event(kind, "fresh", subject, NOW, f"{kind} of {subject}.", **fields)


def chat(server: Hook, name: str = "chat") -> Channel:
    settings = Webhook.model_validate({"kind": "slack", "url_env": "URL", "name": name})
    return ChatWebhook(settings, Secrets.of({"URL": f"{server.address}/T0SECRET"}))


def test_the_events_of_a_run_are_one_message_the_worst_first(bench: Bench, own: Recorded):
    found = [event(Kind.WARNING, what="b"), event(Kind.BLOCK), event(Kind.ALARM, what="a")]
    told = bench.dispatch.tell(found, RUN)
    (message,) = own.taken
    assert [one.kind for one in message.events] == [Kind.BLOCK, Kind.ALARM, Kind.WARNING]
    assert (told.events, told.new) == (tuple(found), tuple(found))
    assert [(one.channel, one.title, one.events, one.delivered) for one in told.attempts] == [
        ("own", "fresh: 1 block, 1 alarm, 1 warning", 3, True)
    ]


def test_an_event_is_never_sent_twice(bench: Bench, own: Recorded):
    bench.dispatch.tell([event()], RUN)
    again = bench.dispatch.tell([event(), event(Kind.BLOCK)], "fresh/inference/8")
    assert [[one.kind for one in message.events] for message in own.taken] == [[Kind.ALARM], [Kind.BLOCK]]
    assert again.new == (event(Kind.BLOCK),)
    assert bench.dispatch.send(at_once=True) == ()
    bench.now += timedelta(days=1)
    assert bench.dispatch.tell([event()], RUN).attempts == ()


def test_nothing_found_is_nothing_sent(bench: Bench, own: Recorded):
    assert bench.dispatch.tell([], RUN).attempts == ()
    assert own.taken == []


def test_what_a_channel_does_not_want_is_recorded_and_not_sent(bench: Bench):
    severe, mine, picked = Recorded("severe"), Recorded("mine"), Recorded("picked")
    bench.routes = [
        Route(severe, least="critical"), Route(mine, projects=("dairy",)), Route(picked, events=("alarm", "retrain")),
    ]  # fmt: skip
    bench.dispatch.tell([event(Kind.WARNING), event(Kind.ALARM), event(Kind.BLOCK)], RUN)
    assert [[one.kind for one in message.events] for message in severe.taken] == [[Kind.BLOCK]]
    assert mine.taken == []
    assert [[one.kind for one in message.events] for message in picked.taken] == [[Kind.ALARM]]
    assert len(bench.record.metadata.alerts.list()) == 3


def test_a_busy_server_is_tried_again_at_once_with_pauses_that_grow(bench: Bench):
    with hook() as server:
        bench.routes = [Route(chat(server))]
        server.answers += [Answer(429, {"Retry-After": "3"}), Answer(500)]
        (attempt,) = bench.dispatch.tell([event()], RUN).attempts
    assert attempt.delivered
    assert len(server.posted) == 3 == TRIES
    assert bench.waited == [3.0, 2.0]
    assert bench.deliveries()["chat"].attempts == 1, "one attempt, of three tries"


def test_a_server_that_stays_busy_is_left_alone_longer_and_longer(bench: Bench):
    spans = []
    with hook() as server:
        server.always = Answer(503)
        bench.routes = [Route(chat(server))]
        assert not bench.dispatch.tell([event()], RUN).attempts[0].delivered
        for _ in range(12):
            delivery = bench.deliveries()["chat"]
            spans.append((delivery.next_at - bench.now).total_seconds())
            assert bench.dispatch.send() == (), "it is not due yet"
            bench.now = delivery.next_at
            (attempt,) = bench.dispatch.send()
            assert "answered 503" in attempt.error
            if bench.now - NOW > KEEP / 2:
                break
        first, longest = BACK_OFF_S
        assert spans[:3] == [first, 2 * first, 4 * first]
        assert max(spans) == longest
        server.always = Answer(200)
        (attempt,) = bench.dispatch.send(at_once=True)
        assert attempt.delivered
    assert bench.deliveries()["chat"].last_error is None


def test_a_server_that_asks_for_more_is_left_alone_for_so_long(bench: Bench):
    with hook() as server:
        server.always = Answer(429, {"Retry-After": "7200"})
        bench.routes = [Route(chat(server))]
        bench.dispatch.tell([event()], RUN)
    assert (len(server.posted), bench.waited) == (1, [])
    assert bench.deliveries()["chat"].next_at == NOW + timedelta(hours=2)


def test_a_refusal_is_not_repeated_at_once(bench: Bench, own: Recorded):
    own.troubles = [Undelivered("No such hook.", do="Mend it.")]
    (attempt,) = bench.dispatch.tell([event()], RUN).attempts
    assert (attempt.delivered, attempt.error, attempt.do) == (False, "No such hook.", "Mend it.")
    assert own.taken == []
    assert bench.deliveries()["own"].last_error == "No such hook."


def test_what_reached_some_is_not_sent_again(bench: Bench, own: Recorded):
    own.troubles = [PartlyDelivered("Not to bo@shop.example.")]
    (attempt,) = bench.dispatch.tell([event()], RUN).attempts
    assert (attempt.delivered, attempt.error) == (True, "Not to bo@shop.example.")
    assert bench.dispatch.send(at_once=True) == ()
    assert bench.deliveries()["own"].last_error == "Not to bo@shop.example."


def test_one_channel_in_trouble_does_not_keep_the_others_waiting(bench: Bench, own: Recorded):
    broken = Recorded("broken", troubles=[RuntimeError("with a secret in it")])
    bench.routes = [Route(broken), Route(own)]
    told = bench.dispatch.tell([event()], RUN)
    assert [(one.channel, one.delivered) for one in told.attempts] == [("broken", False), ("own", True)]
    assert told.attempts[0].error == "The channel 'broken' failed: RuntimeError."
    assert bench.dispatch.send(at_once=True)[0].delivered
    assert (len(broken.taken), len(own.taken)) == (1, 1)


def test_what_did_not_arrive_goes_out_in_order_one_message_for_each_occasion(bench: Bench, own: Recorded):
    own.troubles = [Undelivered("down"), Undelivered("down")]
    bench.dispatch.tell([event(subject="fresh/1"), event(Kind.BLOCK, "fresh/1")], "one")
    bench.dispatch.tell([event(subject="fresh/2")], "two")
    bench.now += timedelta(hours=1)
    assert [one.events for one in bench.dispatch.send()] == [2, 1]
    assert [message.events[0].subject for message in own.taken] == ["fresh/1", "fresh/2"]


def test_a_channel_that_is_down_is_tried_with_one_message_only(bench: Bench, own: Recorded):
    for name in ("one", "two", "three"):
        own.troubles = [Undelivered("down")]
        bench.dispatch.tell([event(subject=name)], name)
    own.troubles = [Undelivered("down"), Undelivered("down")]
    assert len(bench.dispatch.send(at_once=True)) == 1
    assert len(own.troubles) == 1


def test_what_is_a_week_old_is_given_up(bench: Bench, own: Recorded):
    own.troubles = [Undelivered("down")]
    bench.dispatch.tell([event()], RUN)
    bench.now += KEEP
    assert bench.dispatch.send(at_once=True) == ()


def test_a_channel_that_never_comes_back_is_left_behind(bench: Bench):
    @dataclass
    class Stuck:
        name: str = "stuck"
        free: threading.Event = field(default_factory=threading.Event)

        def send(self, message: Message) -> None:
            self.free.wait(30)

    stuck = Stuck()
    bench.routes = [Route(stuck)]
    dispatch = Dispatch(
        bench.record.metadata.alerts, bench.routes, lambda: NOW, lambda: 1.0, bench.waited.append, 0.05
    )
    (attempt,) = dispatch.tell([event()], RUN).attempts
    stuck.free.set()
    assert "took longer than 0.05 seconds" in attempt.error


def test_a_claim_outlives_all_tries():
    assert CLAIM_S > TRIES * DEADLINE_S + (TRIES - 1) * WAIT_S


def test_trying_out_records_nothing(bench: Bench, own: Recorded):
    other = Recorded("other", troubles=[Undelivered("No.")])
    bench.routes = [Route(own, least="critical"), Route(other)]
    assert [one.delivered for one in bench.dispatch.try_out(event(Kind.WARNING))] == [True, False]
    assert [one.channel for one in bench.dispatch.try_out(event(), "other")] == ["other"]
    assert bench.record.metadata.alerts.list() == ()
    with pytest.raises(NotFound, match="Did you mean 'other'"):
        bench.dispatch.try_out(event(), "othr")


def test_what_is_sent_later_is_what_was_found(bench: Bench, own: Recorded):
    found = event(Kind.BLOCK, what="x", link="l", report="r")
    own.troubles = [Undelivered("down")]
    bench.dispatch.tell([found], RUN)
    bench.dispatch.send(at_once=True)
    assert own.taken[0].events == (found,)


SENDING = """
    import sys
    from datetime import UTC, datetime
    from spalje.alerts.channel import Route, Secrets
    from spalje.alerts.chat_webhook import ChatWebhook
    from spalje.alerts.dispatch import Dispatch
    from spalje.settings import Webhook
    from spalje.storage.metadata import open_metadata

    settings = Webhook.model_validate({"kind": "slack", "url_env": "URL", "name": "chat"})
    channel = ChatWebhook(settings, Secrets.of({"URL": sys.argv[2]}))
    now = datetime(2026, 3, 2, 6, 1, tzinfo=UTC)
    dispatch = Dispatch(open_metadata(sys.argv[1]).alerts, [Route(channel)], lambda: now, lambda: 1.0)
    print("ready", flush=True)
    sys.stdin.readline()
    print(len(dispatch.send()))
"""


def test_two_processes_that_send_at_once_send_nothing_twice(bench: Bench, tmp_path: Path):
    count = 16
    bench.routes = [Route(Recorded("chat", troubles=[Undelivered("down")] * count))]
    for number in range(count):
        bench.dispatch.tell([event(subject=f"fresh/{number}")], f"run {number}")
    bench.record.metadata.alerts.hurry("chat", NOW)
    with hook() as server:
        words = [
            sys.executable,
            "-c",
            textwrap.dedent(SENDING),
            f"sqlite:///{tmp_path / 'metadata.db'}",
            f"{server.address}/x",
        ]
        processes = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
            for _ in range(2)
        ]  # fmt: skip
        for process in processes:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        ended = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    assert sum(int(out) for out, _ in ended) == count
    sent = sorted(
        json.loads(one.body)["blocks"][1]["text"]["text"].split("alarm of ")[1] for one in server.posted
    )
    assert sent == sorted(f"fresh/{number}." for number in range(count))
