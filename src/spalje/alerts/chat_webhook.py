"""Slack and Teams: a message as each of them shows it best, posted to an incoming webhook."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spalje.alerts.channel import TIMEOUT_S, Secrets
from spalje.alerts.link import is_address
from spalje.alerts.message import Message, Paragraph
from spalje.alerts.post import post
from spalje.settings import Webhook

#: Characters that Slack takes in the text of a section (docs.slack.dev/reference/block-kit/blocks/section-block).
SECTION = 3000
#: Bytes that Teams takes are "approximately 28 KB"; some is left for what it adds itself.
TEAMS = 24_000

_COLOURS = {"critical": "Attention", "alarm": "Warning", "warning": "Default"}
_SIGNS = {"critical": ":red_circle:", "alarm": ":large_orange_circle:", "warning": ":large_yellow_circle:"}


@dataclass(frozen=True, slots=True)
class ChatWebhook:
    """An incoming webhook of Slack or of Teams.

    Attributes:
        settings: what the settings say.
        secrets: where its address is.
        timeout_s: how long each answer is waited for, seconds.
    """

    settings: Webhook
    secrets: Secrets = field(repr=False)
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        """See ``spalje.alerts.channel.Channel``."""
        return self.settings.name or self.settings.kind

    def send(self, message: Message) -> None:
        """See ``spalje.alerts.channel.Channel``."""
        url = self.secrets.get(self.settings.url_env, self.name)
        body = json.dumps(SHAPES[self.settings.kind](message), ensure_ascii=False).encode()
        post(url, body, {}, channel=self.name, timeout_s=self.timeout_s)


def slack(message: Message) -> dict[str, Any]:
    """A message for Slack; nobody is mentioned and nothing is a link but our own.

    Slack takes ``&``, ``<`` and ``>`` for its own signs and reads mentions and links between them
    (docs.slack.dev/messaging/formatting-message-text): escaped, they are text. ``verbatim`` keeps
    it from making links of what only looks like one.
    """
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": message.title, "emoji": False}}
    ]
    for one in message.paragraphs:
        blocks.append({"type": "section", "text": _mrkdwn(_section(one))})
        where = (
            [f"<{_escaped(one.link)}|Open>" if is_address(one.link) else _escaped(one.link)]
            if one.link
            else []
        )
        where += [_escaped(f"Report: {one.report}")] if one.report else []
        if where:
            blocks.append({"type": "context", "elements": [_mrkdwn(text) for text in where]})
    if message.rest:
        blocks.append({"type": "context", "elements": [_mrkdwn(_escaped(message.rest))]})
    return {"text": _escaped(message.title), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def teams(message: Message) -> dict[str, Any]:
    """A message for Teams, as an Adaptive Card; text stands in runs, which know no Markdown.

    What is more than Teams takes is left out from the end, and the card says so.
    """
    for shown in range(len(message.paragraphs), -1, -1):
        card = _card(message, shown)
        if len(json.dumps(card, ensure_ascii=False).encode()) <= TEAMS:
            return card
    return _card(message, 0)


def _section(one: Paragraph) -> str:
    text = f"{_SIGNS[one.severity]} *{_escaped(one.kind)}*  {_escaped(one.subject)}  {one.at}\n{_escaped(one.summary)}"
    for detail in one.details:
        line = f"\n• {_escaped(detail)}"
        if len(text) + len(line) > SECTION:
            break
        text += line
    return text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text[:SECTION], "verbatim": True}


def _card(message: Message, shown: int) -> dict[str, Any]:
    body = [_runs(message.title, size="Large", weight="Bolder")]
    for one in message.paragraphs[:shown]:
        body.append(
            _runs(
                f"{one.kind.upper()}  {one.subject}  {one.at}",
                weight="Bolder",
                color=_COLOURS[one.severity],
                gap=True,
            )
        )
        body.append(_runs(one.summary))
        body += [_runs(f"• {detail}") for detail in one.details]
        body += [_runs(text, subtle=True) for text in _where(one)]
    more = len(message.events) - shown
    if more:
        body.append(_runs(f"… and {more} more: spalje alert list", subtle=True, gap=True))
    links = list(dict.fromkeys(one.link for one in message.paragraphs[:shown] if is_address(one.link)))
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [
            {"type": "Action.OpenUrl", "title": f"Open {_tail(link)}", "url": link} for link in links[:6]
        ],
    }
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [card]}


def _where(one: Paragraph) -> list[str]:
    command = [] if not one.link or is_address(one.link) else [one.link]
    return [*command, *([f"Report: {one.report}"] if one.report else [])]


def _tail(link: str) -> str:
    """The end of an address, which names what is there."""
    return "/".join(link.split("/")[4:])


def _runs(
    text: str,
    *,
    size: str = "Default",
    weight: str = "Default",
    color: str = "Default",
    subtle: bool = False,
    gap: bool = False,
) -> dict[str, Any]:
    run = {
        "type": "TextRun",
        "text": text,
        "size": size,
        "weight": weight,
        "color": color,
        "isSubtle": subtle,
    }
    return {
        "type": "RichTextBlock",
        "inlines": [run],
        "spacing": "Medium" if gap else "Small",
        "separator": gap,
    }


#: What a kind of chat is sent.
SHAPES: Mapping[str, Callable[[Message], dict[str, Any]]] = {"slack": slack, "teams": teams}
