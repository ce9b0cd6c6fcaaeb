"""What every channel keeps to: against real servers on this machine, good ones, busy ones, silent ones and hostile ones."""

import logging
import smtplib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from receivers import Answer, Hook, Mailbox, closed_port, hook, mailbox, silence, trusted

from spalje.alerts.channel import Channel, Secrets, Undelivered
from spalje.alerts.chat_webhook import ChatWebhook
from spalje.alerts.event import Event, Kind
from spalje.alerts.message import Message
from spalje.alerts.signed_webhook import SignedWebhook
from spalje.alerts.smtp import Smtp
from spalje.settings import Email, Webhook

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SECRETS = {
    "URL_PATH": "/services/T0SECRET/B0SECRET/verysecretword?sig=anothersecret",
    "KEY": "whsec_" + "c2VjcmV0" * 5,
    "USER": "anna-the-sender",
    "PASSWORD": "correct-horse-battery",
}
#: What must stand nowhere.
SECRET_WORDS = (
    "T0SECRET",
    "verysecretword",
    "anothersecret",
    "c2VjcmV0",
    "correct-horse",
    "Y29ycmVjdC1ob3JzZ",
)


def message(summary: str = "Batch fresh/3 is blocked.") -> Message:
    alarm = Event(
        Kind.ALARM, "fresh", "fresh/3", NOW, "data_quality says alarm.", ("Nulls in store.",), what="data_quality",
        link="spalje batch show fresh/3", report="/srv/report.html",
    )  # fmt: skip
    return Message.about(
        [alarm, Event(Kind.BLOCK, "fresh", "fresh/3", NOW, summary, link="https://s.example/batches/fresh/3")]
    )


@dataclass
class Bench:
    """A channel and the real server behind it."""

    make: Callable[[dict[str, str], float], Channel]
    environ: dict[str, str]
    #: what arrived, as it came
    arrived: Callable[[], list[str]]
    busy: Callable[[], None]
    refusing: Callable[[], None]
    slow: Callable[[float], None]
    #: makes the environment or settings lead to that port instead
    at_port: Callable[[int], Channel]
    #: names that tell a repeated message
    ids: Callable[[], list[str]]

    @property
    def channel(self) -> Channel:
        return self.make(self.environ, 10.0)


def http_bench(kind: str, server: Hook) -> Bench:
    fields: dict[str, Any] = {"kind": kind, "url_env": "URL"}
    if kind == "signed":
        fields["secret_env"] = "KEY"
    settings = Webhook.model_validate(fields)

    def make(environ: dict[str, str], timeout_s: float) -> Channel:
        if kind == "signed":
            return SignedWebhook(settings, Secrets.of(environ), lambda: NOW, timeout_s)
        return ChatWebhook(settings, Secrets.of(environ), timeout_s)

    environ = {"URL": server.address + SECRETS["URL_PATH"]}
    if kind == "signed":
        environ["KEY"] = SECRETS["KEY"]

    def at_port(port: int) -> Channel:
        return make({**environ, "URL": f"http://127.0.0.1:{port}{SECRETS['URL_PATH']}"}, 0.3)

    return Bench(
        make=make,
        environ=environ,
        arrived=lambda: [one.body.decode() for one in server.posted],
        busy=lambda: server.answers.append(Answer(503, echo=True)),
        refusing=lambda: server.answers.append(Answer(404, echo=True)),
        slow=lambda seconds: server.answers.append(Answer(after=seconds)),
        at_port=at_port,
        ids=lambda: [one.headers.get("webhook-id", "") for one in server.posted],
    )


def mail_bench(security: str, server: Mailbox) -> Bench:
    fields: dict[str, Any] = {
        "host": "127.0.0.1", "port": server.port, "security": security, "from": "spalje@shop.example",
        "to": ["ops@shop.example", "anna@shop.example"],
    }  # fmt: skip
    if security != "none":
        fields |= {"user_env": "USER", "password_env": "PASSWORD"}
    settings = Email.model_validate(fields)
    environ = {name: SECRETS[name] for name in ("USER", "PASSWORD")} if security != "none" else {}

    def make(environ: dict[str, str], timeout_s: float) -> Channel:
        return Smtp(settings, Secrets.of(environ), lambda: NOW, timeout_s)

    def slow(seconds: float) -> None:
        server.after = seconds

    return Bench(
        make=make,
        environ=environ,
        arrived=lambda: [one.get_body(("plain",)).get_content() for one in server.mails],
        busy=lambda: server.answers.append(f"451 busy {environ.get('PASSWORD')}"),
        refusing=lambda: server.answers.append(f"554 no {environ.get('PASSWORD')}"),
        slow=slow,
        at_port=lambda port: Smtp(
            settings.model_copy(update={"port": port}), Secrets.of(environ), lambda: NOW, 0.3
        ),
        ids=lambda: [one["Message-ID"] for one in server.mails],
    )


KINDS = ("slack", "teams", "signed", "mail", "mail-starttls", "mail-ssl")


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with ExitStack() as stack:
        if not request.param.startswith("mail"):
            yield http_bench(request.param, stack.enter_context(hook()))
            return
        security = request.param.partition("-")[2] or "none"
        certificate, authority = trusted(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        login = {} if security == "none" else {"user": SECRETS["USER"], "password": SECRETS["PASSWORD"]}
        server = mailbox(security=security, certificate=None if security == "none" else certificate, **login)
        yield mail_bench(security, stack.enter_context(server))


def undelivered(channel: Channel) -> Undelivered:
    with pytest.raises(Undelivered) as said:
        channel.send(message())
    return said.value


def test_a_message_arrives_once_with_all_that_matters(bench: Bench):
    bench.channel.send(message("Batch fresh/3 is blöcked."))
    (arrived,) = bench.arrived()
    arrived = arrived.replace("\\u00f6", "ö")
    for part in (
        "fresh: 1 block, 1 alarm",
        "blöcked",
        "Nulls in store.",
        "spalje batch show fresh/3",
        "/srv/report.html",
    ):
        assert part in arrived
    assert arrived.index("blöcked") < arrived.index("Nulls"), "the most urgent first"


def test_a_message_sent_again_has_the_same_name(bench: Bench):
    for one in (message(), message(), replace(message(), events=message().events[:1])):
        bench.channel.send(one)
    first, again, other = bench.ids()
    assert first == again
    assert (first == "") is (first == other) is isinstance(bench.channel, ChatWebhook), "a chat has no names"


def test_a_busy_server_is_worth_another_try(bench: Bench):
    bench.busy()
    assert undelivered(bench.channel).soon
    bench.channel.send(message())
    assert bench.arrived()


def test_a_server_that_refuses_is_not(bench: Bench):
    bench.refusing()
    assert not undelivered(bench.channel).soon


def test_nobody_is_waited_for_longer_than_allowed(bench: Bench):
    with silence() as port:
        said = undelivered(bench.at_port(port))
    assert "did not answer in time" in str(said)
    assert not said.soon
    bench.slow(1.0)
    said = undelivered(bench.make(bench.environ, 0.3))
    assert "did not answer in time" in str(said)


def test_nobody_there(bench: Bench):
    said = undelivered(bench.at_port(closed_port()))
    assert "Connection refused" in str(said)
    assert said.soon


def test_a_secret_that_is_not_set_is_told_by_its_name(bench: Bench):
    for name in bench.environ:
        said = undelivered(bench.make({**bench.environ, name: " "}, 10.0))
        assert f"The variable {name}," in str(said)
        assert name in said.do
    assert bench.arrived() == []


def test_no_secret_is_repeated(bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture):
    """Not by a server that sends back what it got, nor by what it answers, nor in what we write or log."""
    caplog.set_level(logging.DEBUG)
    said: list[Undelivered] = []
    for trouble in (bench.busy, bench.refusing):
        trouble()
        said.append(undelivered(bench.channel))
    said.append(undelivered(bench.at_port(closed_port())))
    with silence() as port:
        said.append(undelivered(bench.at_port(port)))
    wrong = {name: f"{value}\x00" for name, value in bench.environ.items()}
    said.append(undelivered(bench.make(wrong, 10.0))) if wrong else None
    everything = repr(bench.channel) + repr(bench.make)
    for one in said:
        chain: BaseException | None = one
        assert one.__suppress_context__ or one.__context__ is None
        everything += f"{one} {one.do} {one.args}"
        while (chain := chain.__cause__) is not None:
            everything += str(chain)
    captured = capfd.readouterr()
    for text in (
        everything,
        captured.out,
        captured.err,
        "".join(r.getMessage() for r in caplog.records if "mail.log" not in r.name),
    ):
        for word in SECRET_WORDS:
            assert word not in text
    if bench.environ:
        assert "…" in everything, "something was made illegible"


HOSTILE = "<script>alert(1)</script>\r\nBcc: evil@evil.example\n<!channel> <@U1> [click](http://evil.example) &lt;b \u202egnp.exe \x1b[31m"


def test_hostile_words_do_nothing_and_are_still_to_be_read(bench: Bench):
    bench.channel.send(message(HOSTILE))
    (arrived,) = bench.arrived()
    assert "alert(1)" in arrived
    assert not {"\u202e", "\x1b", "\x00"} & set(arrived), "what cannot be seen is written out"


def test_smtplib_says_nothing_on_its_own():
    assert smtplib.SMTP.debuglevel == 0
