"""The channels that settings name, opened: a dict from kind to what makes one."""

from collections.abc import Callable, Mapping
from datetime import datetime

from spalje.alerts.channel import Channel, Route, Secrets
from spalje.alerts.chat_webhook import ChatWebhook
from spalje.alerts.signed_webhook import SignedWebhook
from spalje.alerts.smtp import Smtp
from spalje.settings import Alerts, Webhook


def routes(settings: Alerts, environ: Mapping[str, str], clock: Callable[[], datetime]) -> tuple[Route, ...]:
    """Every channel of the settings, in their order, and what goes there.

    Args:
        settings: the section ``[alerts]``.
        environ: where secrets are.
        clock: gives the time, UTC.
    """
    secrets = Secrets.of(environ)
    opened: dict[str, Callable[[Webhook], Channel]] = {
        "slack": lambda webhook: ChatWebhook(webhook, secrets),
        "teams": lambda webhook: ChatWebhook(webhook, secrets),
        "signed": lambda webhook: SignedWebhook(webhook, secrets, clock),
    }
    least = settings.min_severity
    mails = [Route(Smtp(one, secrets, clock), least, one.events, one.projects) for one in settings.email]
    hooks = [Route(opened[one.kind](one), least, one.events, one.projects) for one in settings.webhook]
    return (*mails, *hooks)
