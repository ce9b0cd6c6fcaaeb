"""A project: one use case, with its repositories and the people who decide about its models."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from spalje.errors import BadInput

#: What a decision to retrain does: start a build by itself, propose one, or nothing.
Retrain = Literal["auto", "propose", "never"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Project:
    """One use case.

    Attributes:
        name: what it is called everywhere: letters, digits, ``-`` and ``_``, at most 64.
        title: its name for people.
        owner: who answers for it.
        template, template_version: what it was created from.
        build_repository, deploy_repository: paths or URLs.
        approvers: who may approve its versions and release its batches, as "Name <mail>" or a
            login; nobody named: everybody may.
        four_eyes: whether the approver must not be the author of the version's commit.
        retrain: what a decision to retrain does.
        created_at: UTC.
        created_by: who created it.
        host: the Git host that has its repositories, as the settings call it.
        answers: what was answered to the template's questions: question -> answer.

    Raises:
        BadInput: the name or the retrain policy is not allowed.

    Example:
        >>> from datetime import UTC
        >>> at = datetime(2026, 1, 1, tzinfo=UTC)
        >>> Project("a/b", "", "", "", "", "", "", (), False, "auto", at, "Eva")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        spalje.errors.BadInput: A project cannot be called 'a/b': allowed are letters, digits, ...
    """

    name: str
    title: str
    owner: str
    template: str
    template_version: str
    build_repository: str
    deploy_repository: str
    approvers: tuple[str, ...]
    four_eyes: bool
    retrain: Retrain
    created_at: datetime
    created_by: str
    host: str = "embedded"
    answers: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadInput(
                f"A project cannot be called {self.name!r}: "
                "allowed are letters, digits, '-' and '_', 64 at most.",
                do="Choose another name, for example fresh-produce.",
            )
        if self.retrain not in get_args(Retrain):
            raise BadInput(f"retrain is {self.retrain!r}; allowed are {', '.join(get_args(Retrain))}.")
