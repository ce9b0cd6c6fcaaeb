"""Posting: redirects, answers, certificates and addresses."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from receivers import Answer, hook, trusted

from spalje.alerts.channel import Undelivered
from spalje.alerts.post import post


def undelivered(url: str, **more) -> Undelivered:
    with pytest.raises(Undelivered) as said:
        post(url, b"{}", {"x-key": "secret"}, channel="chat", **more)
    return said.value


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int):
    with hook() as ours, hook() as theirs:
        ours.always = Answer(status, {"Location": f"{theirs.address}/stolen"})
        said = undelivered(f"{ours.address}/path")
        assert (len(ours.posted), theirs.posted) == (1, [])
    assert str(status) in str(said)
    assert "not followed" in str(said)
    assert not said.soon


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_answer_of_success_will_do(status: int):
    with hook() as server:
        server.always = Answer(status, body="")
        post(server.address, b'{"a":1}', {}, channel="chat")
    (one,) = server.posted
    assert one.body == b'{"a":1}'
    assert one.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("status", "soon"), [(400, False), (403, False), (410, False), (429, True), (500, True), (502, True)]
)
def test_what_is_worth_another_try(status: int, soon: bool):
    with hook() as server:
        server.always = Answer(status, body="invalid_payload\nmore")
        said = undelivered(server.address)
    assert said.soon is soon
    assert f"answered {status} to the channel 'chat': invalid_payload more." in str(said)


def test_how_long_to_leave_it_alone():
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    cases = {
        "7": (7, 7),
        "0": (0, 0),
        "9999999": (86400, 86400),
        date: (590, 600),
        "soon": None,
        "-3": None,
        "1e3": None,
    }
    with hook() as server:
        for text, span in cases.items():
            server.always = Answer(429, {"Retry-After": text})
            after = undelivered(server.address).after_s
            if span is None:
                assert after is None
            else:
                assert span[0] <= after <= span[1]


@pytest.mark.parametrize(
    "url",
    ["", "hooks.slack.com/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "https://", "https://a:pw@b.example/x",
     "http://127.0.0.1:99999/", "https://a.example/x\r\nHost: evil", "https://a.example/ö", "http://[::1"],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_repeated(url: str):
    said = undelivered(url)
    assert "begins with https://" in str(said)
    assert url in ("", "https://") or url not in str(said)


def test_an_unencrypted_address_elsewhere_is_refused_where_it_is_a_secret():
    assert "anybody could read it" in str(undelivered("http://hooks.example/services/x"))
    said = undelivered("http://hooks.invalid/services/x", plain=True, timeout_s=2.0)
    assert "anybody" not in str(said)


def test_https_with_an_authority_that_is_trusted_and_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    certificate, authority = trusted(tmp_path)
    with hook(certificate) as server:
        said = undelivered(f"{server.address}/x")
        assert re.search("could not be spoken to safely: .*certificate", str(said))
        assert server.posted == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        post(f"{server.address}/x", b"{}", {}, channel="chat")
    assert len(server.posted) == 1


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch):
    with hook() as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.delenv("no_proxy", raising=False)
        post("http://receiver.example/x", b"{}", {}, channel="chat", plain=True)
    assert [one.path for one in proxy.posted] == ["http://receiver.example/x"]
