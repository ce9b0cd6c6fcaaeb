"""Mail: its two forms, its headers, and what servers may say."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from receivers import mailbox, trusted

from spalje.alerts.channel import PartlyDelivered, Secrets, Undelivered
from spalje.alerts.event import Event, Kind
from spalje.alerts.message import Message
from spalje.alerts.smtp import Smtp, page, written
from spalje.settings import Email

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


def message(summary: str = "It is blocked.", link: str = "", **fields) -> Message:
    return Message.about([Event(Kind.BLOCK, "fresh", "fresh/3", NOW, summary, link=link, **fields)])


def email(**fields) -> Email:
    return Email.model_validate(
        {
            "host": "127.0.0.1",
            "security": "none",
            "from": "spalje@shop.example",
            "to": ["ops@shop.example"],
            **fields,
        }
    )


def smtp(settings: Email, **environ: str) -> Smtp:
    return Smtp(settings, Secrets.of(environ), lambda: NOW, 5.0)


class Tags(HTMLParser):
    """The elements, links and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_what_arrives_is_one_mail_in_two_forms():
    with mailbox() as box:
        smtp(email(port=box.port, to=["a@shop.example", "b@shop.example"])).send(
            message("Zürich is blocked.")
        )
    (mail,), (envelope,) = box.mails, box.envelopes
    assert envelope.mail_from == "spalje@shop.example"
    assert envelope.rcpt_tos == ["a@shop.example", "b@shop.example"]
    assert mail["Subject"] == "[Spaljé] fresh: 1 block"
    assert mail["To"] == "a@shop.example, b@shop.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for part in mail.iter_parts():
        assert "Zürich is blocked." in part.get_content()
    assert max(len(line) for line in envelope.content.split(b"\r\n")) <= 998, "RFC 5321, 4.5.3.1.6"


@given(st.text(max_size=200), st.text(max_size=80), st.text(max_size=80))
def test_whatever_happened_no_header_and_no_element_is_added(summary: str, detail: str, report: str):
    event = Event(Kind.ALARM, "fresh", "fresh/3", NOW, summary, (detail,), what="x", report=report)
    mail = written(Message.about([event]), email(), NOW)
    assert set(mail.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    shown = Tags(page(Message.about([event])))
    assert shown.tags <= {
        "html",
        "head",
        "meta",
        "title",
        "body",
        "div",
        "p",
        "h1",
        "strong",
        "span",
        "bdi",
        "ul",
        "li",
    }
    assert shown.links == []
    assert not any(name.startswith("on") for name in shown.attributes)
    bytes(mail)


def test_hostile_text_is_to_be_read_in_the_page():
    shown = Tags(page(message('<script>alert("1")</script><img src=x onerror=y>')))
    assert '<script>alert("1")</script><img src=x onerror=y>' in shown.words


def test_an_address_is_a_link_and_a_command_is_none():
    assert Tags(page(message(link="https://s.example/batches/fresh/3"))).links == [
        "https://s.example/batches/fresh/3"
    ]
    shown = Tags(page(message(link="javascript:alert(1)")))
    assert (shown.links, "code" in shown.tags) == ([], True)


def test_some_recipients_refused_is_delivered_and_told():
    with mailbox() as box:
        box.refused.add("gone@shop.example")
        with pytest.raises(PartlyDelivered, match=r"does not accept: gone@shop\.example"):
            smtp(email(port=box.port, to=["ops@shop.example", "gone@shop.example"])).send(message())
    assert len(box.mails) == 1


def test_all_recipients_refused():
    with mailbox() as box:
        box.refused.add("ops@shop.example")
        with pytest.raises(Undelivered, match=r"accepts none of: ops@shop\.example") as said:
            smtp(email(port=box.port)).send(message())
    assert not isinstance(said.value, PartlyDelivered)


def test_a_wrong_password_names_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    certificate, authority = trusted(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with mailbox(security="starttls", certificate=certificate, user="anna", password="right") as box:
        settings = email(port=box.port, security="starttls", user_env="U", password_env="P")
        with pytest.raises(Undelivered, match="refused the login") as said:
            smtp(settings, U="anna", P="wrong-word").send(message())
        assert (said.value.do, "wrong-word" in str(said.value)) == ("Check U and P.", False)
        smtp(settings, U="anna", P="right").send(message())
    assert set(box.logins) == {b"anna"}
    assert len(box.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_server_that_nobody_vouches_for_gets_no_password(security: str, tmp_path: Path):
    certificate, _ = trusted(tmp_path)
    with mailbox(security=security, certificate=certificate, user="anna", password="right") as box:
        settings = email(port=box.port, security=security, user_env="U", password_env="P")
        with pytest.raises(Undelivered, match="could not be spoken to safely") as said:
            smtp(settings, U="anna", P="right").send(message())
    assert "SSL_CERT_FILE" in said.value.do
    assert (box.logins, box.mails) == ([], [])


def test_a_server_without_starttls_gets_nothing():
    with mailbox() as box, pytest.raises(Undelivered, match="does not offer"):
        smtp(email(port=box.port, security="starttls")).send(message())
    assert box.mails == []
