"""The section [alerts]: what it says of a slip, that it never holds a secret, and that its page is right."""

import base64
import os
import re
import tomllib
from pathlib import Path

import pytest

from spalje.alerts.event import Kind
from spalje.alerts.figures import metrics
from spalje.alerts.routes import routes
from spalje.errors import BadInput, NotFound
from spalje.settings import Alerts, Email, Expectation, Webhook, load
from spalje.standard_webhook import headers, key_of
from spalje.storage.artifacts import Artifacts

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "alerts.md").read_text(encoding="utf-8")
EMAIL = '[[alerts.email]]\nhost = "mail.example"\nfrom = "a@shop.example"\nto = ["b@shop.example"]\n'
SLACK = '[[alerts.webhook]]\nkind = "slack"\nurl_env = "HOOK"\n'


def settings(text: str, folder: Path) -> Alerts:
    (folder / "settings.toml").write_text(text, encoding="utf-8")
    return load(folder).alerts


def test_without_the_section_nobody_is_told(tmp_path: Path):
    found = settings("", tmp_path)
    assert (found.email, found.webhook, found.min_severity) == ((), (), "warning")


def test_ports_follow_from_security(tmp_path: Path):
    for security, port in (("starttls", 587), ("ssl", 465), ("none", 25)):
        assert settings(f'{EMAIL}security = "{security}"', tmp_path).email[0].at_port == port
    assert settings(f"{EMAIL}port = 2525", tmp_path).email[0].at_port == 2525


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{EMAIL}port = 0", "alerts.email.port (number 1) is 0"),
        (f"{EMAIL}\n{EMAIL.replace('mail.example', '')}", "alerts.email.host (number 2) is ''"),
        (f'{EMAIL}security = "tls"', "'starttls', 'ssl' or 'none'"),
        (EMAIL.replace("b@shop.example", "Bo <b@shop.example>"), "without a name around it"),
        (EMAIL.replace("b@shop.example", r"b@shop.example\nBcc: x@evil.example"), "alerts.email.to"),
        (EMAIL.replace("a@shop.example", r"a@shop.example\r\nX: y"), "alerts.email.from"),
        (EMAIL.replace('["b@shop.example"]', "[]"), "alerts.email.to"),
        (EMAIL.replace('to = ["b@shop.example"]', ""), "alerts.email.to (number 1) is missing"),
        (f'{EMAIL}user_env = "U"', "user_env and password_env belong together"),
        (f'{EMAIL}security = "none"\nuser_env = "U"\npassword_env = "P"', "for everybody to read"),
        (f'{EMAIL}events = ["alarms"]', "'block', 'failed_run'"),
        (SLACK.replace("slack", "slak"), "'slack', 'teams' or 'signed'"),
        (SLACK.replace("slack", "signed"), "secret_env"),
        (f'{SLACK}secret_env = "K"', "and to no other"),
        (SLACK.replace('url_env = "HOOK"', ""), "alerts.webhook.url_env (number 1) is missing"),
        (f"{SLACK}{SLACK}", "two channels are called slack"),
        (f'{EMAIL}name = "slack"\n{SLACK}', "two channels are called slack"),
        (f'{SLACK}name = "a b"', "alerts.webhook.name"),
        (f'{SLACK}name = "a\\n"', "alerts.webhook.name"),
        (EMAIL.replace("mail.example", "mail.example\\n"), "alerts.email.host"),
        ('[alerts]\nmin_severity = "high"', "'warning', 'alarm' or 'critical'"),
        ('[alerts]\nbase_url = "spalje.example"', "https://"),
        ('[alerts]\nbase_url = "https://a.example/?x=1"', "https://"),
        ('[alerts]\nbase_url = "https://a.example/<b>"', "https://"),
        ("[alerts.projects.fresh]\nbatch_every_days = 0", "alerts.projects.fresh.batch_every_days is 0"),
        ('alerts = "me"', "The setting alerts is 'me'"),
    ],
)
def test_a_slip_names_the_setting_and_what_is_allowed(text: str, said: str, tmp_path: Path):
    with pytest.raises(BadInput, match=re.escape(said)) as error:
        settings(text, tmp_path)
    assert "settings.toml" in error.value.do


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (f"{EMAIL}prot = 25", "alerts.email.port"),
        (SLACK.replace("url_env", "url"), "alerts.webhook.url_env"),
        ("[alerts.projects.fresh]\nbatch_evry_days = 3", "alerts.projects.fresh.batch_every_days"),
        ("[alerts]\nmin_severty = 1", "alerts.min_severity"),
        ("[[alerts.mail]]", "alerts.email"),
    ],
)
def test_a_name_that_is_no_setting_is_told_from_those_that_are(text: str, meant: str, tmp_path: Path):
    with pytest.raises(NotFound, match=f"Did you mean '{meant}'"):
        settings(text, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        SLACK.replace("HOOK", "https://hooks.slack.com/services/T0SECRET"),
        SLACK.replace('url_env = "HOOK"', 'url = "https://hooks.slack.com/services/T0SECRET"'),
        f'{EMAIL}user_env = "U"\npassword_env = "T0SECRET!"',
        f'{EMAIL}password = "T0SECRET"',
    ],
)
def test_a_secret_that_was_written_into_the_file_is_not_repeated(text: str, tmp_path: Path):
    with pytest.raises((BadInput, NotFound)) as error:
        settings(text, tmp_path)
    told: BaseException | None = error.value
    while told is not None:
        assert "T0SECRET" not in f"{told} {told.args} {getattr(told, 'do', '')}"
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)


def test_the_variable_is_the_section_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(
        "SPALJE_ALERTS", '{"min_severity": "alarm", "webhook": [{"kind": "teams", "url_env": "HOOK"}]}'
    )
    assert settings("", tmp_path).webhook[0].kind == "teams"
    monkeypatch.setenv("SPALJE_ALERTS", "{T0SECRET")
    with pytest.raises(BadInput, match="SPALJE_ALERTS is not JSON") as error:
        settings("", tmp_path)
    assert "T0SECRET" not in f"{error.value} {error.value.do}"


def test_opened_channels_hold_no_secret(tmp_path: Path):
    found = settings(f'{EMAIL}user_env = "U"\npassword_env = "P"\n{SLACK}events = ["block"]', tmp_path)
    opened = routes(
        found, {"U": "anna-T0SECRET", "P": "T0SECRET", "HOOK": "https://T0SECRET.example"}, lambda: None
    )
    assert [(route.channel.name, route.events) for route in opened] == [("email", ()), ("slack", ("block",))]
    assert "T0SECRET" not in repr(opened) + repr(found)


def test_the_example_of_the_page_is_one(tmp_path: Path):
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    found = settings(example, tmp_path)
    assert [route.channel.name for route in routes(found, {}, lambda: None)] == ["email", "slack", "pager"]
    assert found.projects["fresh-produce"].batch_every_days == 7
    assert tomllib.loads(example)["alerts"]["base_url"] == found.base_url


def test_the_pages_name_every_kind_figure_and_setting(record, tmp_path: Path):
    table = re.findall(r"^\| `(\w+)` \| (critical|alarm|warning) \|", PAGE, re.MULTILINE)
    assert table == [(str(kind), kind.severity) for kind in Kind]
    for family in metrics(record.metadata, Artifacts(tmp_path)):
        assert f"`{family.name}`" in PAGE
    reference = (DOCS / "settings.md").read_text(encoding="utf-8")
    for section in (Alerts, Email, Webhook, Expectation):
        for name, field in section.model_fields.items():
            assert f"`{field.alias or name}`" in reference or f".{name}" in reference


def test_the_ten_lines_of_the_page_verify_a_signature():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict = {}
    exec(code, names)
    assert len(code.partition("def ")[2].splitlines()) <= 10
    secret = f"whsec_{base64.b64encode(os.urandom(32)).decode()}"
    at = names["time"].time()

    class Now:
        def timestamp(self) -> float:
            return at

    good = headers("id", b"{}", key_of(secret), Now())
    assert names["genuine"](good, b"{}", secret)
    assert not names["genuine"](good, b"{} ", secret)
    at -= 301
    assert not names["genuine"](headers("id", b"{}", key_of(secret), Now()), b"{}", secret)
