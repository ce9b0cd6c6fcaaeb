"""Reading a host's delivery: first whether it is the host's, then what it tells."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from spalje.errors import BadInput, Refused
from spalje.project.git_hosts.deliveries import (
    bitbucket_cloud,
    bitbucket_data_center,
    gitea,
    github,
    gitlab,
)
from spalje.project.git_hosts.deliveries.payload import Payload, Told
from spalje.project.git_hosts.delivery import Delivery
from spalje.settings import GitHostKind

#: An event of longer ago is not listened to: hosts that cannot reach us try again for a while.
OLDEST = timedelta(days=1)
#: So much clocks may differ.
EARLY = timedelta(minutes=5)


class _Reader(Protocol):
    """What a host's file has."""

    @property
    def IDENTITY(self) -> tuple[str, ...]:  # noqa: N802  a module's constant
        """Headers that name the delivery, the best first."""

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None: ...

    def understand(self, headers: Mapping[str, str], payload: Payload) -> Told: ...


_READERS: Mapping[GitHostKind, _Reader] = {
    "bitbucket-cloud": bitbucket_cloud,
    "bitbucket-data-center": bitbucket_data_center,
    "gitea": gitea,
    "github": github,
    "gitlab": gitlab,
}


def read(
    kind: GitHostKind, headers: Mapping[str, str], body: bytes, secret: str, now: datetime, *, owner: str = ""
) -> Delivery:
    """The delivery of a host.

    Args:
        kind: which product the host is.
        headers: the request's, in any case.
        body: its bytes as they came.
        secret: what the host signs with.
        now: the receiver's time, UTC.
        owner: whose repositories may be told of, as the settings call them; empty: anybody's.

    Raises:
        Refused: it is not the host's, not whole, too old, or about somebody else's repository.
        BadInput: it is the host's and cannot be understood.
    """
    if not secret:
        raise Refused(
            "There is no secret to know deliveries by.", do="Set the variable that webhook_secret_env names."
        )
    reader = _READERS[kind]
    given = {name.lower(): value for name, value in headers.items()}
    reader.verify(given, body, secret, now)
    identity = next((given[name] for name in reader.IDENTITY if given.get(name)), "")
    if not re.fullmatch(r"[A-Za-z0-9{}._:=+/-]{1,200}", identity):
        raise Refused(f"The delivery has no name; it needs the header {reader.IDENTITY[0]}.")
    told = reader.understand(given, Payload(_content(body)))
    if told.at is not None and not now - OLDEST <= told.at <= now + EARLY:
        raise Refused(
            f"The delivery tells of {told.at:%Y-%m-%d %H:%M} UTC, which is too long ago or to come."
        )
    if owner and told.events and told.owner.casefold() != owner.casefold():
        raise Refused(f"The delivery is about a repository of '{told.owner}', and not of '{owner}'.")
    return Delivery(identity, hashlib.sha256(body).hexdigest(), told.at, told.owner, told.what, told.events)


def _content(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            "The delivery is not JSON.", do="Set the webhook's content type to application/json."
        ) from error
