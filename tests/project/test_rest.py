"""Asking hosts: how long they are left alone, what they say, and what is missing here. The rest is in tests/contracts."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spalje.errors import BadInput
from spalje.project.git_hosts.answer import content_of, said_in
from spalje.project.git_hosts.failure import HostFailed
from spalje.project.git_hosts.github import sealed
from spalje.project.git_hosts.open import open_host
from spalje.project.git_hosts.repository_name import check_repository
from spalje.project.git_hosts.waiting import wait_of
from spalje.project.hook import HookSpec
from spalje.settings import GitHostSettings

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
HEADERS = ("retry-after", "x-ratelimit-reset", "ratelimit-reset")


@given(
    st.dictionaries(
        st.sampled_from(HEADERS), st.text(max_size=30) | st.floats().map(str) | st.integers().map(str)
    )
)
def test_whatever_a_host_says_nobody_waits_less_than_no_time(headers: dict[str, str]):
    wait = wait_of(headers, NOW)
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": "Mon, 02 Mar 2026 06:00:30 GMT"}, 30),
        ({"retry-after": "Mon, 02 Mar 2026 05:00:00 GMT"}, 0),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 17)}, 17),
        ({"ratelimit-reset": "17"}, 17),
        ({"retry-after": "3", "x-ratelimit-reset": "99"}, 3),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_each_way_to_say_how_long(headers: dict[str, str], seconds: float | None):
    assert wait_of(headers, NOW) == seconds


@given(st.text(max_size=60) | st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "errors", "message", "detail", "x"]), inner, max_size=3)).map(json.dumps))  # fmt: skip
def test_whatever_a_host_says_is_a_text(text: str):
    assert isinstance(said_in(text), str)


def test_each_hosts_way_to_say_why():
    assert said_in('{"message": "Validation Failed", "errors": [{"message": "name already exists"}]}') == (
        "Validation Failed; name already exists"
    )
    assert said_in('{"type": "error", "error": {"message": "No.", "detail": "Not you."}}') == "No.; Not you."
    assert said_in('{"errors": [{"context": null, "message": "Taken."}]}') == "Taken."
    assert (
        said_in('{"message": {"path": ["has already been taken"]}}') == "{'path': ['has already been taken']}"
    )
    assert said_in('{"error": "insufficient_scope"}') == "insufficient_scope"


def test_a_field_that_is_missing_is_named():
    strange = HostFailed("The host answered strangely.", do="Look at url.")
    content = content_of(b'{"links": {"html": {}}}', 200, strange)
    with pytest.raises(HostFailed, match="It lacks 'href'") as said:
        content["links"]["html"]["href"]
    assert said.value.do == "Look at url."


@given(st.text(max_size=110))
def test_a_name_that_is_allowed_is_one_part_of_a_path(name: str):
    try:
        allowed = check_repository(name)
    except BadInput:
        return
    assert allowed == name
    assert Path("/git", name).resolve() == Path("/git") / name
    assert name.isascii()
    assert not set(name) & set("/\\?#%& \n@:")


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("spalje.project.git_hosts.libraries.find_spec", lambda _: None)
    settings = GitHostSettings(kind="github", owner="grocer", token_env="T")
    host = open_host("ours", settings, folder=tmp_path, hook=HookSpec(()), environ={"T": "token"})
    for call in (lambda: host.find("fresh-build"), lambda: host.protect("fresh-build", "main")):
        with pytest.raises(BadInput, match="httpx2, stamina") as said:
            call()
        assert said.value.do == 'Install them: pip install "spalje[hosts]"'
    monkeypatch.setitem(sys.modules, "nacl.public", None)
    with pytest.raises(BadInput, match="PyNaCl"):
        sealed("secret", "AAAA")
