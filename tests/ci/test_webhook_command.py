"""What `spalje webhook serve` says when it cannot serve."""

import socket
from pathlib import Path

import pytest

from spalje.cli.options import Common
from spalje.cli.webhook import serve
from spalje.errors import BadInput, UsageError

HUB = """
[git_hosts.hub]
kind = "github"
owner = "grocer"
token_env = "HUB_TOKEN"
"""
WEBHOOK = 'webhook_url = "https://spalje.example.org"\nwebhook_secret_env = "HUB_SECRET"\n'


def common(folder: Path, settings: str) -> Common:
    (folder / "settings.toml").write_text(settings)
    return Common(workspace=folder)


@pytest.mark.parametrize("settings", ["", HUB])
def test_nobody_sends_webhooks(tmp_path: Path, settings: str) -> None:
    with pytest.raises(BadInput, match="No Git host"):
        serve(common=common(tmp_path, settings))


def test_the_secret_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_SECRET", raising=False)
    with pytest.raises(BadInput, match="HUB_SECRET"):
        serve(common=common(tmp_path, HUB + WEBHOOK))


def test_where_it_cannot_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET", "secret")
    place = common(tmp_path, HUB + WEBHOOK)
    for listen in ("8321", "localhost", "localhost:70000", "a:b:1", "[::1]"):
        with pytest.raises(UsageError, match="HOST:PORT"):
            serve(listen=listen, common=place)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BadInput, match="cannot be listened"):
        serve(listen=f"127.0.0.1:{taken.getsockname()[1]}", common=place)
