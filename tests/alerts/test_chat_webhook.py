"""What Slack and Teams are sent: nothing in it is a mention, a link or Markdown but what we meant."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spalje.alerts.chat_webhook import SECTION, TEAMS, slack, teams
from spalje.alerts.event import Event, Kind
from spalje.alerts.message import SHOWN, Message

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
LINK = "https://s.example/batches/fresh/3"
nasty = st.text(
    st.sampled_from("<>&|!@#*_~`[]()\n\r\t\u202e\x00aö🍎 ") | st.characters(codec="utf-8"), max_size=600
)


def event(summary: str = "It is blocked.", details: tuple[str, ...] = (), number: int = 3, **fields) -> Event:
    return Event(Kind.BLOCK, "fresh", f"fresh/{number}", NOW, summary, details, **fields)


def texts(value: Any, kind: str) -> Iterator[str]:
    """The texts of all objects of a type."""
    if isinstance(value, dict):
        if value.get("type") == kind:
            yield value["text"]
        for inner in value.values():
            yield from texts(inner, kind)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, kind)


@given(nasty, st.lists(nasty, max_size=8), nasty)
def test_slack_reads_no_sign_of_its_own_in_what_happened(summary: str, details: list[str], report: str):
    sent = slack(Message.about([event(summary, tuple(details), link=LINK, report=report)]))
    for text in (sent["text"], *texts(sent, "mrkdwn")):
        assert re.findall(r"<[^>]*>?", text) in ([], [f"<{LINK}|Open>"])
        assert re.sub(r"&(amp|lt|gt);", "", text).count("&") == 0
        assert 0 < len(text) <= SECTION
    for one in (block["text"] for block in sent["blocks"] if block["type"] == "section"):
        assert one["verbatim"] is True
    assert len(sent["blocks"]) <= 50
    json.dumps(sent, allow_nan=False).encode()


def test_slack_shows_what_was_said():
    sent = slack(Message.about([event("a < b & c > d", ("one", "two"), link="spalje batch show fresh/3")]))
    header, section, where = sent["blocks"]
    assert header["text"] == {"type": "plain_text", "text": "fresh: 1 block", "emoji": False}
    assert "a &lt; b &amp; c &gt; d\n• one\n• two" in section["text"]["text"]
    assert where["elements"][0]["text"] == "spalje batch show fresh/3"


@given(nasty, st.lists(nasty, max_size=8))
def test_teams_gets_text_only_where_no_markdown_is_read(summary: str, details: list[str]):
    sent = teams(Message.about([event(summary, tuple(details), link=LINK)]))
    (card,) = sent["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {block["type"] for block in card["content"]["body"]} == {"RichTextBlock"}
    assert {run["type"] for block in card["content"]["body"] for run in block["inlines"]} == {"TextRun"}
    assert [(one["type"], one["url"]) for one in card["content"]["actions"]] == [("Action.OpenUrl", LINK)]
    assert list(texts(sent, "TextBlock")) == []


def test_a_large_message_fits_into_teams_and_says_what_it_leaves_out():
    events = [event("ö" * 400, tuple("ü" * 400 for _ in range(9)), number) for number in range(SHOWN)]
    sent = teams(Message.about(events))
    assert len(json.dumps(sent, ensure_ascii=False).encode()) <= TEAMS
    shown = [text for text in texts(sent, "TextRun") if text.startswith("BLOCK")]
    assert 0 < len(shown) < SHOWN
    assert any(text.startswith(f"… and {SHOWN - len(shown)} more") for text in texts(sent, "TextRun"))


def test_a_link_is_offered_once():
    sent = teams(Message.about([event(number=1, link=LINK), event(number=2, link=LINK)]))
    assert [one["title"] for one in sent["attachments"][0]["content"]["actions"]] == ["Open fresh/3"]
    commands = teams(Message.about([event(link="spalje batch show fresh/3")]))
    assert commands["attachments"][0]["content"]["actions"] == []
    assert "spalje batch show fresh/3" in list(texts(commands, "TextRun"))
