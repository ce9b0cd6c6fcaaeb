"""Many projects at once: which, how many at a time, and what it comes to."""

import threading
from datetime import UTC, datetime

import pytest

from spalje.errors import BadInput
from spalje.project.update.fleet import Fleet, ProjectUpdate, chosen, roll_out
from spalje.project.update.repository_update import RepositoryUpdate
from spalje.registry.project import Project


def project(name, template="tiny", owner="ada"):
    return Project(
        name, name, owner, template, "1.0.0", "", "", (), False, "never", datetime(2026, 1, 1, tzinfo=UTC), owner
    )  # fmt: skip


def done(name, *outcomes, conflicts=0):
    return ProjectUpdate(
        name, tuple(RepositoryUpdate("build", outcome, "1.0.0", "1.1.0", conflicts) for outcome in outcomes)
    )


def test_those_made_from_the_template_by_name():
    known = [project("b"), project("a"), project("c", "other")]
    assert [one.name for one in chosen(known, "tiny")] == ["a", "b"]
    assert [one.name for one in chosen(known, "tiny", names=("b", "c"))] == ["b"]


def test_those_of_a_team_or_of_somebody_in_it():
    known = [project("a", owner="Fruit"), project("b", owner="Eva <eva@shop.se>"), project("c", owner="Bo")]
    fruit = {"fruit": ("eva@shop.se",)}
    assert [one.name for one in chosen(known, "tiny", teams=fruit)] == ["a", "b"]
    assert chosen(known, "tiny", teams={"dairy": ()}) == ()


def test_one_that_fails_stops_no_other_and_the_order_stays():
    told = []

    def update(one):
        if one.name == "b":
            raise BadInput("It is broken.", do="Mend it.")
        if one.name == "c":
            raise ZeroDivisionError("by nought")
        return done(one.name, "proposed")

    found = roll_out([project(name) for name in "dcba"], update, side_by_side=2, tell=told.append)
    assert [one.project for one in found] == ["d", "c", "b", "a"]
    assert [one.outcome for one in found] == ["proposed", "failed", "failed", "proposed"]
    assert (found[2].repositories[0].said, found[2].repositories[0].do) == ("It is broken.", "Mend it.")
    assert "ZeroDivisionError: by nought" in found[1].repositories[0].said
    assert sorted(one.project for one in told) == ["a", "b", "c", "d"]


def test_as_many_side_by_side_as_wanted_and_no_more():
    together, most, now = threading.Lock(), [], []

    def update(one):
        with together:
            now.append(one.name)
            most.append(len(now))
        both.wait(timeout=30)  # two must be here at once, or this fails
        with together:
            now.remove(one.name)
        return done(one.name, "current")

    both = threading.Barrier(2)
    roll_out([project(name) for name in "abcdef"], update, side_by_side=2)
    assert max(most) == 2


def test_interrupted_it_ends_without_starting_the_rest():
    started = []

    def update(one):
        started.append(one.name)
        return done(one.name, "current")

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        roll_out([project(f"p-{number}") for number in range(500)], update, side_by_side=1, tell=stop)
    assert len(started) < 500


@pytest.mark.parametrize(
    ("projects", "code"),
    [
        ((), 0),
        ((done("a", "proposed", "current"), done("b", "newer")), 0),
        ((done("a", "proposed"), done("b", "proposed", conflicts=2)), 4),
        ((done("a", "failed", "proposed"), done("b", "proposed", conflicts=2)), 1),
    ],
)
def test_what_it_comes_to(projects, code):
    assert Fleet("tiny", "1.1.0", projects).exit_code == code


def test_a_project_is_as_its_worse_repository():
    fleet = Fleet(
        "tiny",
        "1.1.0",
        (done("a", "proposed", "failed"), done("b", "standing", "current"), done("c", "would")),
    )
    assert fleet.counts == {"failed": 1, "would": 1, "standing": 1}
    assert list(fleet.counts) == ["failed", "would", "standing"]
