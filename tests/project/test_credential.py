"""Tokens: from a variable or the keyring, and nowhere to be seen."""

from collections.abc import Iterator

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from spalje.errors import BadInput
from spalje.project.git_hosts.credential import Credential, basic
from spalje.settings import GitHostSettings

TOKEN = "a-token-of-ours"


class Memory(KeyringBackend):
    priority = 1  # type: ignore[assignment]
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("it is locked")
        return TOKEN if (service, username) == ("spalje", "bot") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


@pytest.fixture
def ring() -> Iterator[Memory]:
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def credential(place: str) -> Credential:
    settings = GitHostSettings(kind="github", owner="grocer", token_keyring=place)
    return Credential("ours", settings, {})


def test_a_token_comes_from_the_keyring(ring: Memory):
    assert credential("spalje/bot").token() == TOKEN


def test_what_the_keyring_does_not_give_is_told_with_what_to_do(ring: Memory):
    with pytest.raises(BadInput, match="where there is none") as said:
        credential("spalje/nobody").token()
    assert said.value.do == "Put it there: keyring set spalje nobody"
    ring.locked = True
    with pytest.raises(BadInput, match="does not give the token") as said:
        credential("spalje/bot").token()
    assert "Unlock it" in said.value.do


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_form_of_a_token_is_left_in_what_others_say(before: str, after: str):
    settings = GitHostSettings(kind="github", owner="grocer", token_env="T", user_env="U", webhook_url="https://s.example", webhook_secret_env="S")  # fmt: skip
    ours = Credential("ours", settings, {"T": TOKEN, "U": "eva", "S": "hook-secret"})
    for form in (TOKEN, basic("eva", TOKEN), basic("oauth2", TOKEN), "hook-secret", "one-more"):
        assert form not in ours.redact(f"{before}{form}{after}", ["one-more"])
    assert TOKEN not in repr(ours)
