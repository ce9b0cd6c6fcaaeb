"""A webhook for programs, signed as Standard Webhooks says (github.com/standard-webhooks/standard-webhooks)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from spalje.alerts.channel import TIMEOUT_S, Secrets, Undelivered
from spalje.alerts.event import Event
from spalje.alerts.message import Message
from spalje.alerts.post import post
from spalje.settings import Webhook
from spalje.standard_webhook import headers, key_of


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """An address to which events are posted as JSON, signed.

    Attributes:
        settings: what the settings say.
        secrets: where its address and key are.
        clock: gives the time, UTC.
        timeout_s: how long each answer is waited for, seconds.
    """

    settings: Webhook
    secrets: Secrets = field(repr=False)
    clock: Callable[[], datetime]
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        """See ``spalje.alerts.channel.Channel``."""
        return self.settings.name or self.settings.kind

    def send(self, message: Message) -> None:
        """See ``spalje.alerts.channel.Channel``."""
        url = self.secrets.get(self.settings.url_env, self.name)
        variable = str(self.settings.secret_env)
        try:
            key = key_of(self.secrets.get(variable, self.name))
        except ValueError as error:
            raise Undelivered(
                f"The variable {variable} of the channel '{self.name}' holds no key: {error}.",
                do="Make one: python -c \"import base64,os;print('whsec_'+base64.b64encode(os.urandom(32)).decode())\"",
            ) from None
        now = self.clock()
        body = json.dumps(payload(message, now), separators=(",", ":")).encode()
        post(
            url,
            body,
            headers(message.identity, body, key, now),
            channel=self.name,
            plain=True,
            timeout_s=self.timeout_s,
        )


def payload(message: Message, now: datetime) -> dict[str, Any]:
    """What is posted: every event in full, the most urgent first."""
    return {
        "type": "spalje.alert",
        "timestamp": now.isoformat(),
        "data": {"title": message.title, "events": [_event(event) for event in message.events]},
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.identity,
        "kind": event.kind,
        "severity": event.kind.severity,
        "project": event.project,
        "subject": event.subject,
        "what": event.what,
        "at": event.at.isoformat(),
        "summary": event.summary,
        "details": list(event.details),
        "link": event.link,
        "report": event.report,
    }
