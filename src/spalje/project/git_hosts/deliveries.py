"""Reading a host's delivery: first whether it is the host's, then what it tells."""

from collections.abc import Mapping
from datetime import datetime

from spalje.project.git_hosts.delivery import Delivery
from spalje.settings import GitHostKind


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
    raise NotImplementedError
