from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest
from recorder import AUTHOR, new_version

from spalje.errors import Corrupt, Refused
from spalje.registry.approval import MOVES, START, decide, registered, verify
from spalje.registry.project import Project
from spalje.registry.version import ModelVersion, VersionStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PENDING, APPROVED, REJECTED = VersionStatus
OPEN = Project("fresh", "", "", "", "", "", "", (), False, "propose", NOW, "eva")


def fresh() -> ModelVersion:
    content = new_version("fresh/build/1")
    return ModelVersion(1, content, PENDING, NOW, (registered(content, NOW),))


def moved(version: ModelVersion, *statuses: VersionStatus, project: Project = OPEN) -> ModelVersion:
    for status in statuses:
        entry = decide(version, status, "Bo", "because", NOW, project=project)
        version = replace(version, status=status, history=(*version.history, entry))
    return version


def test_registered_entry_starts_the_chain():
    (entry,) = fresh().history
    assert (entry.number, entry.who, entry.status, entry.previous) == (1, AUTHOR, PENDING, START)
    assert "fresh/build/1" in entry.reason


@pytest.mark.parametrize(("old", "new"), list(product(VersionStatus, VersionStatus)))
def test_only_the_moves_are_allowed(old: VersionStatus, new: VersionStatus):
    version = fresh() if old is PENDING else moved(fresh(), old)
    allowed = (old, new) in {
        (PENDING, APPROVED), (PENDING, REJECTED), (APPROVED, REJECTED), (REJECTED, APPROVED),
    }  # fmt: skip
    assert (new in MOVES[old]) is allowed
    if allowed:
        verify(moved(version, new))
    else:
        with pytest.raises(Refused, match=r"fresh/1 is (pending|approved|rejected)"):
            moved(version, new)


@pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
def test_reason_must_not_be_empty(reason: str):
    with pytest.raises(Refused, match="reason"):
        decide(fresh(), APPROVED, "Bo", reason, NOW, project=OPEN)


def test_somebody_must_decide():
    with pytest.raises(Refused, match="name"):
        decide(fresh(), APPROVED, " ", "so", NOW, project=OPEN)


def test_named_approvers_only():
    project = replace(OPEN, approvers=("Bo <bo@shop.example>", "cia"))
    for who in ("bo@shop.example", "BO <Bo@Shop.Example>", "Cia", "bo"):
        assert decide(fresh(), APPROVED, who, "so", NOW, project=project).who == who
    for who in ("dan", "Bo <bo@elsewhere.example>", "bo@elsewhere.example"):
        with pytest.raises(Refused, match="may not decide"):
            decide(fresh(), APPROVED, who, "so", NOW, project=project)


@pytest.mark.parametrize(
    "who",
    [AUTHOR, "ann ek", "ANN@SHOP.EXAMPLE", "Someone <ann@shop.example>", "ann", "Ann  Ek <ann@home.example>"],
)
def test_four_eyes(who: str):
    project = replace(OPEN, four_eyes=True)
    with pytest.raises(Refused, match="four eyes"):
        decide(fresh(), APPROVED, who, "so", NOW, project=project)
    assert decide(fresh(), REJECTED, who, "my own mistake", NOW, project=project).status is REJECTED
    assert decide(fresh(), APPROVED, who, "so", NOW, project=OPEN).status is APPROVED
    assert decide(fresh(), APPROVED, "Bo", "so", NOW, project=project).status is APPROVED


def test_time_is_recorded_in_utc():
    summer = datetime(2026, 7, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    entry = decide(fresh(), APPROVED, "Bo", "so", summer, project=OPEN)
    assert entry.at == summer
    assert entry.at.tzinfo is UTC


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    "change",
    [
        {"who": "Mallory"}, {"reason": "other"}, {"number": 9}, {"hash": "f" * 64}, {"previous": "f" * 64},
        {"at": NOW + timedelta(microseconds=1)}, {"status": None},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_any_change_of_an_entry_is_found(place: int, change: dict):
    version = moved(fresh(), APPROVED, REJECTED)
    verify(version)
    entry = version.history[place]
    if "status" in change:
        change = {"status": APPROVED if entry.status is not APPROVED else REJECTED}
    history = [*version.history]
    history[place] = replace(entry, **change)
    with pytest.raises(Corrupt, match="history of fresh/1"):
        verify(replace(version, history=tuple(history)))


@pytest.mark.parametrize(
    "tampered",
    [
        lambda v: replace(v, history=v.history[:-1]),
        lambda v: replace(v, history=v.history[1:]),
        lambda v: replace(v, history=(v.history[0], v.history[2], v.history[1])),
        lambda v: replace(v, history=()),
        lambda v: replace(v, status=APPROVED),
        lambda v: replace(v, content=replace(v.content, model="0" * 64)),
        lambda v: replace(v, content=replace(v.content, metrics={"rmse": 0.1})),
        lambda v: replace(v, content=replace(v.content, data={})),
        lambda v: replace(v, content=replace(v.content, commit="d" * 40)),
    ],
)
def test_what_was_signed_cannot_change(tampered):
    version = moved(fresh(), APPROVED, REJECTED)
    with pytest.raises(Corrupt):
        verify(tampered(version))


def test_cost_is_not_signed():
    version = moved(fresh(), APPROVED)
    verify(replace(version, content=replace(version.content, cost=9.0)))


def test_forged_entry_with_a_hash_of_its_own_but_an_illegal_move_is_found():
    content = new_version("fresh/build/1")
    first = registered(content, NOW)
    version = ModelVersion(1, content, PENDING, NOW, (first,))
    approval = decide(version, APPROVED, "Bo", "so", NOW, project=OPEN)
    again = decide(replace(version, history=(first, approval)), APPROVED, "Bo", "so", NOW, project=OPEN)
    with pytest.raises(Corrupt):
        verify(ModelVersion(1, content, APPROVED, NOW, (first, approval, again)))
