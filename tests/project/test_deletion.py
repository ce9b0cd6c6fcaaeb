from dataclasses import replace
from datetime import UTC, datetime

import pytest
from folder_host import Disturbed, FolderHost, fail_at

from spalje.errors import Conflict, NotFound, Refused
from spalje.execution.lease import Heartbeat
from spalje.execution.owner import this_process
from spalje.project import git
from spalje.project.creation.deletion import Deletion
from spalje.project.creation.undertaking import Unfinished
from spalje.project.git import Author
from spalje.registry.undertaking import Undertaking

ADA = Author("Ada Lovelace", "ada@example.org")
AT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)


@pytest.fixture
def host(tmp_path):
    return FolderHost(tmp_path / "host")


@pytest.fixture
def deletion(host, metadata, tmp_path):
    return Deletion(
        metadata=metadata,
        hosts=lambda name: host,
        alone=Heartbeat(metadata, this_process(), 30, lambda: datetime.now(UTC)).hold,
        logs=(tmp_path / "runs", tmp_path / "ci"),
        clock=lambda: AT,
    )


@pytest.fixture
def dairy(record, host, tmp_path):
    """A whole project with two repositories of one commit each, a run and its log."""
    project = record.project(
        "dairy",
        host="folder",
        build_repository=host.remote("dairy-build").url,
        deploy_repository=host.remote("dairy-deploy").url,
    )
    for role in ("build", "deploy"):
        host.create(f"dairy-{role}", f"Dairy: {role} (spalje 5f3a)")
        work(host, f"dairy-{role}", tmp_path / f"first-{role}")
    record.run(project="dairy")
    (tmp_path / "runs" / "dairy" / "build" / "1").mkdir(parents=True)
    return project


def work(host, repository, folder):
    """Somebody commits and pushes."""
    url = host.remote(repository).url
    if git.tip(url) is None:
        folder.mkdir()
        git.start(folder)
    else:
        git.clone(url, folder)
    (folder / folder.name).touch()
    git.commit_all(folder, "Work", ADA)
    git.push(folder, url)


def begun(record, done=("build/repository",)):
    """A creation that stopped after its build repository was there."""
    lease = record.metadata.leases.acquire("undertaking/dairy", "gone:1:1", 0.1, record.now())
    undertaking = Undertaking("dairy", "create", "5f3a", {"host": "folder"}, done, AT, "Eva")
    record.metadata.undertakings.begin_creation(undertaking, lease)
    record.metadata.leases.release(lease)


def test_looking_says_what_would_go_and_changes_nothing(deletion, dairy, host, metadata, tmp_path):
    before = host.state()
    doomed = deletion.look("dairy")
    assert (doomed.project, doomed.state, doomed.host, doomed.left) == ("dairy", "whole", "folder", ())
    assert [(one.name, one.commits, one.pull_requests) for one in doomed.repositories] == [
        ("dairy-build", 1, 0),
        ("dairy-deploy", 1, 0),
    ]
    assert (doomed.rows, doomed.logs) == ({"run": 1}, (tmp_path / "runs" / "dairy",))
    assert host.state() == before
    assert metadata.undertakings.all() == ()


def test_nothing_of_a_deleted_project_is_left(deletion, dairy, host, metadata, tmp_path):
    looked = deletion.look("dairy")
    assert deletion.delete("dairy", "Bo") == looked
    assert host.state() == {}
    assert [project.name for project in metadata.projects.all()] == ["fresh"]
    assert (metadata.undertakings.all(), metadata.runs.list(project="dairy")) == ((), ())
    assert not (tmp_path / "runs" / "dairy").exists()
    for verb in (deletion.look, lambda name: deletion.delete(name, "Bo")):
        with pytest.raises(NotFound, match="project 'dairy'"):
            verb("dairy")


def test_a_half_made_project_is_undone(deletion, record, host, tmp_path):
    host.create("dairy-build", "Dairy: build (spalje 5f3a)")
    begun(record)
    doomed = deletion.look("dairy")
    assert (doomed.state, [(one.name, one.commits) for one in doomed.repositories]) == (
        "half-made",
        [("dairy-build", 0)],
    )
    deletion.delete("dairy", "Bo")
    assert (host.state(), record.metadata.undertakings.all()) == ({}, ())


def test_a_creation_that_had_made_nothing_is_undone(deletion, record, host):
    begun(record, done=())
    deletion.delete("dairy", "Bo")
    assert record.metadata.undertakings.all() == ()


def test_somebody_elses_repository_is_never_touched(deletion, record, host):
    """It has the name, and neither our mark nor a place in the project's record."""
    host.create("dairy-build", "Dairy: build (spalje 5f3a)")
    host.create("dairy-deploy", "mine, with (spalje 0000)")
    begun(record)
    doomed = deletion.look("dairy")
    assert doomed.left == (host.remote("dairy-deploy").url,)
    deletion.delete("dairy", "Bo")
    assert list(host.state()) == ["dairy-deploy"]


def test_a_project_recorded_elsewhere_keeps_what_has_its_name(deletion, record, host):
    record.project(
        "dairy", host="folder", build_repository="/elsewhere.git", deploy_repository="/elsewhere.git"
    )
    host.create("dairy-build", "mine")
    deletion.delete("dairy", "Bo")
    assert list(host.state()) == ["dairy-build"]
    assert [project.name for project in record.metadata.projects.all()] == ["fresh"]


def test_work_is_not_deleted_by_accident(deletion, dairy, host, metadata, tmp_path):
    work(host, "dairy-build", tmp_path / "clone")
    before = host.state()
    with pytest.raises(Refused, match=r"worked in dairy-build \(2 commits\)") as caught:
        deletion.delete("dairy", "Bo")
    assert "--even-changed" in caught.value.do
    assert host.state() == before
    assert metadata.undertakings.all() == ()
    deletion.delete("dairy", "Bo", even_changed=True)
    assert host.state() == {}


def test_what_was_decided_is_not_erased(deletion, dairy, record, host):
    record.version("dairy")
    before = host.state()
    for verb in (deletion.look, lambda name: deletion.delete(name, "Bo", even_changed=True)):
        with pytest.raises(Refused, match="1 model version"):
            verb("dairy")
    assert host.state() == before


def test_a_project_that_runs_is_not_deleted(deletion, dairy, metadata, host):
    before = host.state()
    for lease in ("pipeline/dairy/build", "ci/dairy"):
        with deletion.alone(lease), pytest.raises(Conflict, match=lease):
            deletion.delete("dairy", "Bo")
    assert host.state() == before
    with deletion.alone("undertaking/dairy"), pytest.raises(Conflict, match="just now"):
        deletion.delete("dairy", "Bo")
    deletion.delete("dairy", "Bo")


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("lost", [True, False], ids=["answer lost", "not done"])
def test_a_deletion_that_failed_is_gone_on_with(deletion, dairy, record, host, number, lost):
    trouble = {"after": fail_at(number)} if lost else {"before": fail_at(number)}
    disturbed = Disturbed(host, **trouble)
    with pytest.raises(Unfinished, match="Deleting project 'dairy' stopped at: repository dairy-") as caught:
        replace(deletion, hosts=lambda name: disturbed).delete("dairy", "Bo")
    assert "same command again: spalje project delete dairy" in caught.value.do
    assert deletion.look("dairy").state == "half-deleted"
    with pytest.raises(Refused, match="is being deleted"):
        record.run(project="dairy")
    deletion.delete("dairy", "Bo")
    assert host.state() == {}
    assert record.metadata.undertakings.all() == ()


def test_what_comes_in_the_place_of_what_was_deleted_is_somebody_elses(deletion, host, dairy):
    with pytest.raises(Unfinished):
        replace(deletion, hosts=lambda name: Disturbed(host, fail_at(2))).delete("dairy", "Bo")
    gone = next(name for name in ("dairy-build", "dairy-deploy") if host.find(name) is None)
    host.create(gone, "mine")
    deletion.delete("dairy", "Bo")
    assert host.find(gone).description == "mine"
