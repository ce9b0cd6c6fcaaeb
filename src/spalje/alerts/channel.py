"""A way by which messages reach people; what it says when it cannot; and which events go there."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from spalje.alerts.event import Event
from spalje.alerts.message import Message
from spalje.errors import SpaljeError
from spalje.report.label import sentence
from spalje.settings import AlertSeverity

#: So long a channel waits for each answer, seconds.
TIMEOUT_S = 10.0


class Undelivered(SpaljeError):
    """A message did not reach a channel; the text holds no secret.

    Args:
        what: why, in a sentence.
        do: what to do about it.
        soon: whether it may well work in a second: the server was busy or could not be reached.
        after_s: so many seconds the server asked to be left alone; None: it did not say.
    """

    def __init__(self, what: str, *, do: str = "", soon: bool = False, after_s: float | None = None) -> None:
        super().__init__(what, do=do)
        self.soon = soon
        self.after_s = after_s


class PartlyDelivered(Undelivered):
    """A message reached some and not others: it is not sent again, and somebody is told."""


class Channel(Protocol):
    """Takes messages to people or programs.

    ``send`` returns when the other side has taken the message. It waits for no answer longer than
    ``TIMEOUT_S``, follows no redirect, and repeats no secret in anything that it says.
    """

    @property
    def name(self) -> str:
        """What it is called in settings and in the record."""

    def send(self, message: Message) -> None:
        """Deliver a message.

        Raises:
            Undelivered: it did not arrive; says why.
        """


@dataclass(frozen=True, slots=True)
class Route:
    """A channel, and which events go there.

    Attributes:
        channel: the way.
        least: what is less bad does not go there.
        events: kinds that do; empty: all.
        projects: whose do; empty: everybody's.
    """

    channel: Channel
    least: AlertSeverity = "warning"
    events: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    def wants(self, event: Event) -> bool:
        """Whether an event goes there."""
        return (
            event.kind.at_least(self.least)
            and (not self.events or event.kind in self.events)
            and (not self.projects or event.project in self.projects)
        )


@dataclass(frozen=True, slots=True)
class Secrets:
    """Values of environment variables, read when they are needed and held by nobody.

    Attributes:
        variable: gives a variable's value, None where it is not set.
    """

    variable: Callable[[str], str | None]

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Secrets":
        """Those of an environment."""
        return cls(environ.get)

    def get(self, name: str, channel: str) -> str:
        """A variable's value without blanks around it.

        Raises:
            Undelivered: it is not set.
        """
        value = (self.variable(name) or "").strip()
        if not value:
            raise Undelivered(
                f"The variable {name}, which the settings of the channel '{channel}' name, is not set.",
                do=f"Set {name} for the process that runs Spaljé, for cron as well.",
            )
        return value


def redacted(text: str, secrets: Iterable[str]) -> str:
    """What another side said, short and on one line, with every secret in it made illegible.

    Example:
        >>> redacted("no such hook: /T0AB12CD/xyz", ["T0AB12CD"])
        'no such hook: /…/xyz'
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for form in (secret, quote(secret, safe=""), b64encode(secret.encode()).decode()):
            text = text.replace(form, "…")
    return sentence(" ".join(text.split()), 120)
