"""Approving: which moves between statuses are allowed, to whom, and the hash chain that records them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

from spalje.errors import Corrupt, Refused
from spalje.fingerprint import fingerprint
from spalje.registry.person import may_decide, same_person
from spalje.registry.project import Project
from spalje.registry.version import Approval, ModelVersion, NewVersion, VersionStatus

#: From each status, where a decision can lead.
MOVES: Mapping[VersionStatus, frozenset[VersionStatus]] = MappingProxyType(
    {
        VersionStatus.PENDING: frozenset({VersionStatus.APPROVED, VersionStatus.REJECTED}),
        VersionStatus.APPROVED: frozenset({VersionStatus.REJECTED}),
        VersionStatus.REJECTED: frozenset({VersionStatus.APPROVED}),
    }
)

#: What the first entry of every chain follows.
START = "0" * 64


def registered(content: NewVersion, at: datetime) -> Approval:
    """The first entry of a version's history: registered by its author's commit, pending."""
    entry = Approval(
        number=1,
        at=at.astimezone(UTC),
        who=content.author,
        status=VersionStatus.PENDING,
        reason=f"Registered by {content.run}.",
        previous=START,
        hash="",
    )
    return _signed(content.manifest_digest, entry)


def decide(
    version: ModelVersion, wanted: VersionStatus, who: str, reason: str, now: datetime, *, project: Project
) -> Approval:
    """The history's next entry, if the rules allow it.

    Args:
        version: the version as the person saw it.
        wanted: the status it shall have.
        who: the person, "Name <mail>" or a login.
        reason: why, in the person's words; not empty.
        now: UTC.
        project: the version's project, which says who may decide.

    Raises:
        Refused: the move is not allowed, the reason is empty, the person is not one of the
            project's approvers, or is the author where four eyes are asked for.
    """
    if not who.strip():
        raise Refused("A decision needs the name of the person who takes it.", do="Say who with --by.")
    if not reason.strip():
        raise Refused("A decision needs a reason.", do='Say why: --reason "…".')
    if wanted is version.status:
        raise Refused(f"{version.id} is {version.status} already.", do="There is nothing to decide.")
    if wanted not in MOVES[version.status]:
        allowed = " or ".join(sorted(MOVES[version.status]))
        raise Refused(f"{version.id} is {version.status} and cannot become {wanted}, only {allowed}.")
    if not may_decide(who, project):
        raise Refused(
            f"{who} may not decide about versions of {project.name}.",
            do=f"Ask one of: {', '.join(project.approvers)}.",
        )
    if project.four_eyes and wanted is VersionStatus.APPROVED and same_person(who, version.content.author):
        raise Refused(
            f"{project.name} asks for four eyes: {who} wrote the commit of {version.id} "
            "and cannot approve it.",
            do="Ask somebody else to approve it.",
        )
    last = version.history[-1]
    entry = Approval(
        number=last.number + 1,
        at=now.astimezone(UTC),
        who=who.strip(),
        status=wanted,
        reason=reason.strip(),
        previous=last.hash,
        hash="",
    )
    return _signed(version.content.manifest_digest, entry)


def verify(version: ModelVersion) -> None:
    """Check that the history is whole, signs this very content, and leads to the status.

    Raises:
        Corrupt: it was tampered with or damaged; says which entry.
    """
    manifest, previous, status = version.content.manifest_digest, START, None
    for number, entry in enumerate(version.history, 1):
        good = _signed(manifest, replace(entry, number=number, previous=previous))
        fits = entry.status is VersionStatus.PENDING if status is None else entry.status in MOVES[status]
        if entry != good or not fits:
            raise Corrupt(
                f"Entry {entry.number} of the history of {version.id} does not fit what it signs: "
                "the record was changed.",
                do="Do not use this version; restore the metadata from a backup.",
            )
        previous, status = entry.hash, entry.status
    if status is not version.status:
        raise Corrupt(
            f"{version.id} is recorded as {version.status}, but its history says {status or 'nothing'}.",
            do="Do not use this version; restore the metadata from a backup.",
        )


def _signed(manifest: str, entry: Approval) -> Approval:
    """The entry with its hash, over the manifest's digest and everything else in it."""
    signed = {
        "manifest": manifest,
        "number": entry.number,
        "at": entry.at.isoformat(),
        "who": entry.who,
        "status": str(entry.status),
        "reason": entry.reason,
        "previous": entry.previous,
    }
    return replace(entry, hash=fingerprint(signed))
