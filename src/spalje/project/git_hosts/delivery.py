"""What a Git host tells through a webhook, the same for every host."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

#: Where a host's deliveries go, under ``webhook_url`` of the settings; ``host`` is what the settings call it.
WEBHOOK_PATH = "/webhooks/{host}"


@dataclass(frozen=True, slots=True)
class Push:
    """A branch that was made, moved or deleted. Tags are not told of.

    Attributes:
        repository: the repository's short name, as the host writes it (Bitbucket: in small letters).
        branch: without ``refs/heads/``.
        commit: where the branch is now; where it was, when it was deleted.
        deleted: whether it was.
        message: the commit's message; None: the host does not say it (ask Git).
        pusher: who pushed, as the host calls them.
    """

    repository: str
    branch: str
    commit: str
    deleted: bool
    message: str | None
    pusher: str


@dataclass(frozen=True, slots=True)
class PullRequestChange:
    """A pull request that was opened, changed or ended.

    Attributes:
        repository: the short name of the repository that it is to.
        number: the host's.
        source, target: branches.
        state: what it is now.
        commit: the last commit of the source.
    """

    repository: str
    number: int
    source: str
    target: str
    state: Literal["open", "merged", "closed"]
    commit: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a host, found to be the host's own.

    Attributes:
        identity: the host's name of this delivery: the same again is the same delivery again. Hosts send it beside the
            signed content, so that who replays a delivery could change it: remember ``digest``, too.
        digest: the SHA-256 of the content, hexadecimal: under another identity it is a replay.
        at: when the host sent it, or when what it tells of happened, UTC; None: the host says neither.
        owner: whose the repository is, as the host calls them.
        what: the host's word for the event, such as ``push``.
        events: what it tells; empty: nothing that matters here, such as a host's trial delivery.
    """

    identity: str
    digest: str
    at: datetime | None
    owner: str
    what: str
    events: tuple[Push | PullRequestChange, ...]
