"""``spalje webhook``: the server that Git hosts deliver to."""

import json
import re
import socket

from cyclopts import App

from spalje.cli.options import Common
from spalje.errors import BadInput, UsageError
from spalje.workspace import Workspace, now

app = App(name="webhook", help="The server that Git hosts tell of pushes and pull requests.")


@app.command
def serve(*, listen: str = "127.0.0.1:8321", common: Common = Common()) -> None:
    """Take what Git hosts deliver, until you stop it; pushes and pull requests become jobs of CI.

    It speaks HTTP: put a reverse proxy with HTTPS in front of it, see docs/ci.md.

    Args:
        listen: HOST:PORT; port 0 takes a free one.
    """
    workspace = common.open()
    _check(workspace)
    from spalje.ci.webhook_server import serve as serve_webhooks  # noqa: PLC0415  belongs to the extra 'studio'

    listener = _listener(*_address(listen))
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    _say(f"Listening on http://{shown}:{port}, deliveries to /webhooks/HOST. Ctrl-C ends it.", common)
    serve_webhooks(workspace.ci.webhooks, listener, lambda text: _say(text, common))


def _check(workspace: Workspace) -> None:
    webhooks = workspace.ci.webhooks
    if not any(webhooks.knows(name) for name in webhooks.hosts):
        raise BadInput(
            "No Git host of the settings sends webhooks.",
            do="Give one webhook_url and webhook_secret_env in settings.toml; see docs/settings.md.",
        )
    missing = webhooks.missing_secrets()
    if missing:
        raise BadInput(
            f"The variable {missing[0]}, which should hold the secret of webhooks, is not set.",
            do="Set it to what the host signs with.",
        )


def _address(text: str) -> tuple[str, int]:
    """``HOST:PORT`` in its two parts.

    Example:
        >>> _address("127.0.0.1:8321"), _address("[::1]:80")
        (('127.0.0.1', 8321), ('::1', 80))
    """
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\[\]]+):([0-9]{1,5})", text)
    if found is None or int(found[2]) > 65535:
        raise UsageError(f"--listen {text!r} is not HOST:PORT.", do="Write it as --listen 127.0.0.1:8321.")
    return found[1].strip("[]"), int(found[2])


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise BadInput(
            f"{host}:{port} cannot be listened on: {error.strerror}.",
            do="Choose another --listen, or end what listens there.",
        ) from error


def _say(text: str, common: Common) -> None:
    """A line of the log; with ``--json`` an object a line."""
    at = now()
    said = (
        json.dumps({"at": at.isoformat(), "said": text}) if common.json else f"{at:%Y-%m-%d %H:%M:%S} {text}"
    )
    print(said, flush=True)  # noqa: T201
