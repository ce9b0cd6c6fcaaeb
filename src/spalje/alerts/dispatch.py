"""Recording events and bringing them to every channel that wants them: each once, those of an occasion together."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

from spalje.alerts.channel import Channel, PartlyDelivered, Route, Undelivered
from spalje.alerts.event import Event, Kind
from spalje.alerts.message import Message
from spalje.errors import Conflict, NotFound, SpaljeError
from spalje.storage.metadata.alert_store import Alert, AlertStore

#: So often a channel is tried at once, while its server says that it is busy.
TRIES = 3
#: Seconds before the second of these tries; doubled before the third.
PAUSE_S = 1.0
#: Longer than this nobody waits for a server that asks to be left alone; the next ``spalje alert send`` does, seconds.
WAIT_S = 5.0
#: No try takes longer than this, whatever the other side does, seconds.
DEADLINE_S = 30.0
#: So long a claim holds: all tries with their pauses, and some more, seconds.
CLAIM_S = TRIES * (DEADLINE_S + WAIT_S) + 30
#: Seconds until an undelivered message is sent again: doubled with every attempt, up to the second figure.
BACK_OFF_S = (60.0, 6 * 3600.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one message.

    Attributes:
        channel: where it was to go.
        title: of the message.
        events: how many it is about.
        delivered: whether it arrived, at least with some.
        error: why not, or with whom not; None: nothing was wrong.
        do: what to do about that.
    """

    channel: str
    title: str
    events: int
    delivered: bool
    error: str | None = None
    do: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of events.

    Attributes:
        events: that were found, also those that were told before.
        new: those that nobody had been told of.
        attempts: the messages that went out, or did not.
    """

    events: tuple[Event, ...]
    new: tuple[Event, ...]
    attempts: tuple[Attempt, ...]

    @property
    def overdue(self) -> tuple[Event, ...]:
        """What is missing now, also what was told before."""
        return tuple(event for event in self.events if event.kind in (Kind.MISSING_BATCH, Kind.MISSING_TRUTH))


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Records events and sends them.

    Attributes:
        store: the record.
        routes: the channels, and what goes where.
        clock: gives the time, UTC.
        wait: waits for so many seconds.
        jitter: gives a number from 0 to 1 by chance, so that many workspaces do not try at the same moment.
        deadline_s: no try takes longer, seconds.
    """

    store: AlertStore
    routes: Sequence[Route]
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    wait: Callable[[float], None] = time.sleep
    deadline_s: float = DEADLINE_S

    def tell(self, events: Sequence[Event], occasion: str) -> Told:
        """Record events and send those that are new to a channel, one message for each channel.

        Args:
            events: that were found.
            occasion: the run or check they come from.
        """
        if not events:
            return Told((), (), ())
        wanted = {
            event.identity: [route.channel.name for route in self.routes if route.wants(event)]
            for event in events
        }
        recorded = self.store.record([as_alert(event, occasion) for event in events], wanted, self.clock())
        new = tuple(event for event in events if event.identity in recorded)
        tried = (self._next(route.channel, occasion) for route in self.routes)
        return Told(tuple(events), new, tuple(attempt for attempt in tried if attempt is not None))

    def send(self, *, at_once: bool = False) -> tuple[Attempt, ...]:
        """Send what is due and has not arrived; a channel's messages in the order of their events.

        Args:
            at_once: also what is to be left alone for a while yet.
        """
        attempts: list[Attempt] = []
        for route in self.routes:
            if at_once:
                self.store.hurry(route.channel.name, self.clock())
            while (attempt := self._next(route.channel, None)) is not None:
                attempts.append(attempt)
                if not attempt.delivered:
                    break  # what else waits for this channel would meet the same
        return tuple(attempts)

    def try_out(self, event: Event, name: str | None = None) -> tuple[Attempt, ...]:
        """Send an event once, to one channel or to all, whatever they want; nothing is recorded.

        Raises:
            NotFound: no channel has that name.
        """
        names = [route.channel.name for route in self.routes]
        if name is not None and name not in names:
            raise NotFound("channel", name, names, do="The channels are those of [alerts] in settings.toml.")
        message = Message.about([event])
        return tuple(
            _attempt(route.channel, message, _within(self.deadline_s, route.channel, message))
            for route in self.routes
            if name in (None, route.channel.name)
        )

    def _next(self, channel: Channel, occasion: str | None) -> Attempt | None:
        claim = token_hex(16)
        alerts = self.store.claim(channel.name, claim, CLAIM_S, self.clock(), occasion)
        if not alerts:
            return None
        message = Message.about([as_event(alert) for alert in alerts])
        problem = self._delivered(channel, message)
        if problem is None or isinstance(problem, PartlyDelivered):
            self._record_sent(claim, str(problem) if problem else None)
        else:
            tried = max(
                one.attempts for alert in alerts for one in alert.deliveries if one.channel == channel.name
            )
            self.store.failed(claim, str(problem), self.clock() + self._later(tried, problem))
        return _attempt(channel, message, problem)

    def _record_sent(self, claim: str, error: str | None) -> None:
        """Record it, also when others keep the database busy: unrecorded, it would be sent again."""
        for _ in range(TRIES - 1):
            try:
                self.store.sent(claim, self.clock(), error)
            except Conflict:
                self.wait(PAUSE_S)
            else:
                return
        self.store.sent(claim, self.clock(), error)

    def _delivered(self, channel: Channel, message: Message) -> Undelivered | None:
        """Try a few times while the other side is busy; what was wrong in the end, None: nothing."""
        pause = PAUSE_S
        for turn in range(1, TRIES + 1):
            problem = _within(self.deadline_s, channel, message)
            if problem is None or not problem.soon or turn == TRIES:
                return problem
            if problem.after_s is not None and problem.after_s > WAIT_S:
                return problem
            self.wait(max(problem.after_s or 0.0, pause * (0.5 + self.jitter() / 2)))
            pause *= 2
        return None

    def _later(self, tried: int, problem: Undelivered) -> timedelta:
        first, longest = BACK_OFF_S
        seconds = min(longest, first * 2.0 ** min(tried, 20)) * (0.5 + self.jitter() / 2)
        return timedelta(seconds=max(seconds, problem.after_s or 0.0))


def _attempt(channel: Channel, message: Message, problem: Undelivered | None) -> Attempt:
    return Attempt(
        channel=channel.name,
        title=message.title,
        events=len(message.events),
        delivered=problem is None or isinstance(problem, PartlyDelivered),
        error=str(problem) if problem else None,
        do=problem.do if problem else "",
    )


def _within(seconds: float, channel: Channel, message: Message) -> Undelivered | None:
    """Send a message in a thread that is left behind when it takes too long: a server may drip for ever."""
    said: list[Undelivered | None] = []

    def send() -> None:
        try:
            channel.send(message)
        except Undelivered as problem:
            said.append(problem)
        except SpaljeError as error:
            said.append(Undelivered(str(error), do=error.do))
        except Exception as error:  # noqa: BLE001  its text may hold a secret, so only its name is told
            said.append(Undelivered(f"The channel '{channel.name}' failed: {type(error).__name__}."))
        else:
            said.append(None)

    thread = threading.Thread(target=send, name=f"alert-{channel.name}", daemon=True)
    thread.start()
    thread.join(seconds)
    if not said:
        return Undelivered(f"The channel '{channel.name}' took longer than {seconds:.3g} seconds.")
    return said[0]


def as_alert(event: Event, occasion: str) -> Alert:
    """An event as it is recorded."""
    return Alert(
        identity=event.identity,
        kind=event.kind,
        project=event.project,
        subject=event.subject,
        what=event.what,
        at=event.at,
        summary=event.summary,
        details=event.details,
        link=event.link,
        report=event.report,
        occasion=occasion,
    )


def as_event(alert: Alert) -> Event:
    """A recorded event as it was found."""
    return Event(
        Kind(alert.kind),
        alert.project,
        alert.subject,
        alert.at,
        alert.summary,
        alert.details,
        what=alert.what,
        link=alert.link,
        report=alert.report,
    )
