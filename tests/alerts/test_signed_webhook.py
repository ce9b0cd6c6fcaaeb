"""Signatures: as the specification's own example has them, and worth nothing when anything is changed."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from receivers import hook

from spalje.alerts.channel import Secrets, Undelivered
from spalje.alerts.event import Event, Kind
from spalje.alerts.message import Message
from spalje.alerts.signed_webhook import SignedWebhook
from spalje.errors import Refused
from spalje.settings import Webhook
from spalje.standard_webhook import TOLERANCE_S, headers, key_of, verify

#: The example in the tests of the reference implementations of Standard Webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
IDENTITY, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
NOW = datetime.fromtimestamp(1614265330, UTC)
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def given_headers(**changed: str) -> dict[str, str]:
    return {
        "webhook-id": IDENTITY,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    } | {f"webhook-{name}": value for name, value in changed.items()}


def test_the_example_of_the_reference_implementations():
    assert headers(IDENTITY, BODY, key_of(SECRET), NOW) == given_headers()
    verify(given_headers(), BODY, SECRET, NOW)


@given(st.binary(max_size=300), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
       st.binary(min_size=24, max_size=64), st.integers(0, 4_000_000_000))  # fmt: skip
def test_what_is_signed_is_verified(body: bytes, identity: str, key: bytes, seconds: int):
    at = datetime.fromtimestamp(seconds, UTC)
    secret = f"whsec_{base64.b64encode(key).decode()}"
    verify(headers(identity, body, key, at), body, secret, at)
    with pytest.raises(Refused):
        verify(headers(identity, body, key, at), body + b" ", secret, at)
    other = bytes([key[0] ^ 1]) + key[1:]
    with pytest.raises(Refused):
        verify(headers(identity, body, key, at), body, f"whsec_{base64.b64encode(other).decode()}", at)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "msg_other"}, "signature"),
        ({"timestamp": "1614265331"}, "signature"),
        ({"timestamp": "now"}, "not a number"),
        ({"timestamp": "-1614265330"}, "not a number"),
        ({"timestamp": "\u0661\u0666"}, "not a number"),
        ({"id": ""}, "lacks a header"),
        ({"signature": ""}, "lacks a header"),
        ({"signature": SIGNATURE.removeprefix("v1,")}, "signature"),
        ({"signature": SIGNATURE.replace("v1,", "v2,")}, "signature"),
        ({"signature": "v1,"}, "signature"),
        ({"signature": "v1,ö"}, "signature"),
        ({"signature": SIGNATURE.lower()}, "signature"),
    ],
)
def test_anything_changed_is_refused(changed: dict[str, str], said: str):
    with pytest.raises(Refused, match=said) as refused:
        verify(given_headers(**changed), BODY, SECRET, NOW)
    assert SIGNATURE[3:] not in str(refused.value)


def test_one_of_several_signatures_is_enough_and_headers_have_any_case():
    several = given_headers(signature=f"v1a,xxx v1,AAAA {SIGNATURE}")
    verify({name.title(): value for name, value in several.items()}, BODY, SECRET, NOW)


def test_an_old_message_sent_again_is_refused():
    for seconds in (-TOLERANCE_S, TOLERANCE_S):
        verify(given_headers(), BODY, SECRET, NOW + timedelta(seconds=seconds))
    for seconds in (-TOLERANCE_S - 1, TOLERANCE_S + 1):
        with pytest.raises(Refused, match="old or early"):
            verify(given_headers(), BODY, SECRET, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("secret", "said"),
    [("", "begin"), ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begin"), ("whsec_", "24 to 64 bytes"), ("whsec_öö", "base64"),
     ("whsec_MfKQ 9r8G", "base64"), ("whsec_QUJD", "and is 3"), ("whsec_" + "QUJD" * 22, "and is 66")],
)  # fmt: skip
def test_what_is_no_key_is_told_without_repeating_it(secret: str, said: str):
    with pytest.raises(ValueError, match=said) as error:
        key_of(secret)
    assert len(secret) < 7 or secret[6:] not in str(error.value)


def test_what_a_receiver_gets_is_verified_and_is_every_event_in_full():
    secret = f"whsec_{base64.b64encode(os.urandom(32)).decode()}"
    found = Event(
        Kind.ALARM,
        "fresh",
        "fresh/3",
        NOW,
        "Drift\nof <b>.",
        ("ö", "two"),
        what="data_quality",
        link="x",
        report="y",
    )
    settings = Webhook.model_validate({"kind": "signed", "url_env": "URL", "secret_env": "KEY"})
    with hook() as server:
        channel = SignedWebhook(settings, Secrets.of({"URL": server.address, "KEY": secret}), lambda: NOW)
        channel.send(Message.about([found]))
    (posted,) = server.posted
    verify(posted.headers, posted.body, secret, NOW)
    said = json.loads(posted.body)
    assert (said["type"], said["timestamp"]) == ("spalje.alert", NOW.isoformat())
    assert said["data"]["events"] == [
        {
            "id": found.identity, "kind": "alarm", "severity": "alarm", "project": "fresh", "subject": "fresh/3",
            "what": "data_quality", "at": NOW.isoformat(), "summary": "Drift\nof <b>.", "details": ["ö", "two"],
            "link": "x", "report": "y",
        }
    ]  # fmt: skip


def test_a_key_that_is_none_sends_nothing():
    settings = Webhook.model_validate({"kind": "signed", "url_env": "URL", "secret_env": "KEY"})
    with hook() as server:
        channel = SignedWebhook(
            settings, Secrets.of({"URL": server.address, "KEY": "hunter2-hunter2"}), lambda: NOW
        )
        with pytest.raises(Undelivered, match="KEY of the channel 'signed' holds no key") as said:
            channel.send(Message.about([Event(Kind.ALARM, "fresh", "fresh/3", NOW, "Drift.")]))
    assert "hunter2" not in f"{said.value} {said.value.do}"
    assert server.posted == []
