"""A pull request as GitHub tells it, and Gitea after it."""

from typing import Literal

from spalje.project.git_hosts.deliveries.payload import Payload
from spalje.project.git_hosts.delivery import PullRequestChange


def change(payload: Payload, *of: str) -> tuple[PullRequestChange, ...]:
    """What happened to a pull request; nothing of one from a fork: what is in it is somebody else's.

    Args:
        payload: the delivery's.
        of: where a side says which repository it is of.

    Raises:
        BadInput: something is missing.
    """
    request = payload.at("pull_request")
    if not request.same(("head", *of), ("base", *of)):
        return ()
    state: Literal["open", "closed"] = "open" if request.text("state") == "open" else "closed"
    return (
        PullRequestChange(
            payload.text("repository", "name"),
            request.number("number"),
            request.text("head", "ref"),
            request.text("base", "ref"),
            "merged" if request.at("merged").content is True else state,
            request.text("head", "sha"),
        ),
    )
