import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from folder_host import Disturbed, FolderHost, fail_at

from spalje.errors import BadInput, Conflict, NotFound, Refused, UsageError
from spalje.execution.lease import Heartbeat
from spalje.execution.owner import this_process
from spalje.project import git
from spalje.project.creation.creation import Creation
from spalje.project.creation.undertaking import Unfinished
from spalje.project.git import Author
from spalje.registry.project import Project
from spalje.settings import GitHostSettings
from spalje.storage.metadata import open_metadata

ADA = Author("Ada Lovelace", "ada@example.org")
AT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
SETTINGS = GitHostSettings(
    kind="gitea",
    url="https://git.example.org",
    owner="shop",
    token_env="TOKEN",
    variables={"INDEX": "https://packages.example.org"},
    secrets={"DEPLOY_KEY": "OUR_KEY"},
)


@pytest.fixture
def host(tmp_path):
    return FolderHost(tmp_path / "host")


@pytest.fixture
def creation(tiny, host, metadata, tmp_path):
    return Creation(
        metadata=metadata,
        host=host,
        settings=SETTINGS,
        template=lambda version: tiny,
        keep=lambda made: made,
        alone=Heartbeat(metadata, this_process(), 30, lambda: datetime.now(UTC)).hold,
        environ={"OUR_KEY": "k3y"},
        clock=lambda: AT,
        new_mark=lambda: "5f3a",
    )


def wanted(name="fresh-produce", **more):
    project = Project(
        name=name,
        title="Fresh produce",
        owner="Shops",
        template="tiny",
        template_version="",
        build_repository="",
        deploy_repository="",
        approvers=("Bo <bo@example.org>",),
        four_eyes=True,
        retrain="auto",
        created_at=AT,
        created_by="Ada",
        host="folder",
    )
    return replace(project, **more)


def words(creation, **more):
    """What a creation says, step by step."""
    said = []
    created = creation.create(wanted(**more), ADA, tell=lambda says, state: said.append((says, state)))
    return created, said


def test_a_project_is_two_repositories_that_know_all_they_need(creation, host, metadata, tiny, tmp_path):
    created = creation.create(wanted(), ADA, tmp_path / "clones")
    project = metadata.projects.get("fresh-produce")
    assert created.project == project
    assert (project.build_repository, project.deploy_repository) == tuple(
        str(host.folder / f"fresh-produce-{role}.git") for role in ("build", "deploy")
    )
    assert (project.approvers, project.four_eyes, project.retrain) == (("Bo <bo@example.org>",), True, "auto")
    assert (project.created_at, project.created_by, project.template_version) == (AT, "Ada", tiny.version)
    assert project.answers["title"] == "Fresh produce"
    assert not set(project.answers) & {"project", "repository", "template", "template_version"}
    for clone, role in zip(created.clones, ("build", "deploy"), strict=True):
        told = host.told(f"fresh-produce-{role}")
        assert told == {
            "description": f"Fresh produce: {role} (spalje 5f3a)",
            "variables": {"INDEX": "https://packages.example.org", "SPALJE_PROJECT": "fresh-produce"},
            "secrets": {"DEPLOY_KEY": "k3y"},
            "protected": ["main"],
            "announced": [["fresh-produce", role]],
        }
        assert (clone / "README.md").read_text() == f"# Fresh produce ({role} of fresh-produce)\n"
        assert git.is_dirty(clone) == []
        assert git.author(clone, "main") == str(ADA)
        said = log(clone, "%s|%b|%aI|%cI")
        assert (
            said
            == f"Start from template tiny {tiny.version}|[skip ci]\n|2026-03-01T12:30:15+00:00|2026-03-01T12:30:15+00:00"
        )
    assert metadata.undertakings.all() == ()


def log(folder, form):
    return subprocess.run(
        ["git", "log", f"--format={form}"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_where_the_settings_say_so_nothing_is_protected(creation, host):
    unprotected = replace(creation, settings=SETTINGS.model_copy(update={"protect": False}))
    unprotected.create(wanted(), ADA)
    assert host.told("fresh-produce-build")["protected"] == []


def test_where_the_host_tells_us_of_pushes_its_own_ci_is_told_not_to_build(creation, host):
    told = {"webhook_url": "https://spalje.example.org", "webhook_secret_env": "HOOK"}
    replace(creation, settings=SETTINGS.model_copy(update=told)).create(wanted(), ADA)
    assert host.told("fresh-produce-build")["variables"]["SPALJE_BUILDS"] == "webhook"


def test_the_embedded_host_has_no_settings(creation, host):
    replace(creation, settings=None).create(wanted(), ADA)
    assert host.told("fresh-produce-build")["variables"] == {"SPALJE_PROJECT": "fresh-produce"}
    assert host.told("fresh-produce-build")["protected"] == ["main"]


def test_a_secret_that_is_not_set_stops_the_creation_before_anything_is_made(creation, host, metadata):
    with pytest.raises(BadInput, match="DEPLOY_KEY of host 'folder' is to be read from OUR_KEY"):
        replace(creation, environ={}).create(wanted(), ADA)
    assert (host.state(), metadata.undertakings.all()) == ({}, ())


def test_no_secret_is_recorded_or_said(creation, metadata):
    disturbed = replace(creation, host=Disturbed(creation.host, after=fail_at(4)))
    with pytest.raises(Unfinished) as caught:
        disturbed.create(wanted(), ADA)
    assert "k3y" not in f"{caught.value} {caught.value.do} {metadata.undertakings.all()}"


def test_a_hostile_name_is_refused_before_anything_is_made(creation, host):
    for name in ("../up", "a/b", "x", "Fresh", "a b", "$(id)", "a.git", "-rf", "fresh\n", "a" * 50):
        with pytest.raises((UsageError, BadInput), match="cannot be"):
            creation.create(wanted(name), ADA)
    assert not host.folder.exists()


def test_a_project_that_is_there_is_never_overwritten(creation, host):
    creation.create(wanted(), ADA)
    before = host.state()
    with pytest.raises(UsageError, match="already a project 'fresh-produce'"):
        creation.create(wanted(), ADA)
    assert host.state() == before


@pytest.mark.parametrize("role", ["build", "deploy"])
def test_somebody_elses_repository_stops_the_creation(creation, host, metadata, role):
    host.create(f"fresh-produce-{role}", "mine (spalje 0000)")
    before = host.state()
    with pytest.raises(Conflict, match=f"already a repository 'fresh-produce-{role}'.*never overwritten"):
        creation.create(wanted(), ADA)
    assert (host.state(), metadata.undertakings.all()) == (before, ())


def test_a_repository_made_while_we_looked_is_left_alone(creation, host, metadata):
    def somebody_comes(number):
        if number == 1:
            host.create("fresh-produce-build", "mine")

    with pytest.raises(Unfinished, match="did not make it") as caught:
        replace(creation, host=Disturbed(host, before=somebody_comes)).create(wanted(), ADA)
    assert host.told("fresh-produce-build")["description"] == "mine"
    assert "Nothing had been done before." in str(caught.value)
    with pytest.raises(Conflict, match="did not make it"):
        creation.create(wanted(), ADA)


def test_a_main_branch_with_another_commit_is_left_alone(creation, host, tmp_path):
    disturbed = Disturbed(host, after=fail_at(3))  # repository and variables are there, the commit is not
    with pytest.raises(Unfinished):
        replace(creation, host=disturbed).create(wanted(), ADA)
    work = tmp_path / "work"
    work.mkdir()
    (work / "mine").touch()
    git.start(work)
    mine = git.commit_all(work, "Mine", ADA)
    git.push(work, host.remote("fresh-produce-build").url)
    with pytest.raises(Unfinished, match="is left as it is") as caught:
        creation.create(wanted(), ADA)
    assert caught.value.exit_code == Refused.exit_code
    assert host.state()["fresh-produce-build"]["main"] == mine


def test_a_folder_in_the_way_of_a_clone_stops_the_creation(creation, host, tmp_path):
    (tmp_path / "clones" / "fresh-produce-deploy").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"already a folder .*fresh-produce-deploy"):
        creation.create(wanted(), ADA, tmp_path / "clones")
    assert host.state() == {}


@pytest.mark.parametrize(("number", "lost"), [(1, True), (4, True), (12, True), (1, False), (7, False)])
def test_a_host_that_fails_once_is_gone_on_with(creation, host, metadata, number, lost):
    """Whichever changing call fails, done or not: said again, exactly one of everything."""
    trouble = {"after": fail_at(number)} if lost else {"before": fail_at(number)}
    disturbed = Disturbed(host, **trouble)
    with pytest.raises(Unfinished, match="did not answer") as caught:
        replace(creation, host=disturbed).create(wanted(), ADA)
    assert "the same command again" in caught.value.do
    assert "spalje project delete fresh-produce" in caught.value.do
    assert caught.value.exit_code == 1
    with pytest.raises(NotFound):
        metadata.projects.get("fresh-produce")
    creation.create(wanted(), ADA)
    assert host.state() == undisturbed(host.state())


def undisturbed(state):
    """What both repositories must be like; their commits are those of a creation at that time."""
    return {
        f"fresh-produce-{role}": {
            "told": {
                "description": f"Fresh produce: {role} (spalje 5f3a)",
                "variables": {"INDEX": "https://packages.example.org", "SPALJE_PROJECT": "fresh-produce"},
                "secrets": {"DEPLOY_KEY": "k3y"},
                "protected": ["main"],
                "announced": [["fresh-produce", role]],
            },
            "main": state[f"fresh-produce-{role}"]["main"],
        }
        for role in ("build", "deploy")
    }


def test_what_was_done_is_not_done_again(creation, host):
    with pytest.raises(Unfinished) as caught:
        replace(creation, host=Disturbed(host, before=fail_at(6))).create(wanted(), ADA)
    assert "stopped at: pushes to fresh-produce-build announced. folder did not answer." in str(caught.value)
    assert "Done before: repository fresh-produce-build, CI variables of fresh-produce-build" in str(
        caught.value
    )
    again = Disturbed(host)
    _, said = words(replace(creation, host=again))
    assert [says for says, state in said if state == "was done"] == [
        "repository fresh-produce-build",
        "CI variables of fresh-produce-build",
        "CI secrets of fresh-produce-build",
        "first commit of fresh-produce-build",
        "branch main of fresh-produce-build protected",
    ]
    assert again.calls == 7


def test_a_repository_that_somebody_removed_meanwhile_is_made_again(creation, host):
    with pytest.raises(Unfinished):
        replace(creation, host=Disturbed(host, before=fail_at(9))).create(wanted(), ADA)
    before = host.state()["fresh-produce-build"]
    host.delete("fresh-produce-build")
    creation.create(wanted(), ADA)
    assert host.state()["fresh-produce-build"] == before


OTHER_WORDS = [
    ({"title": "Fruit"}, "title was 'Fresh produce' and is now 'Fruit'"),
    ({"approvers": ()}, "approvers was Bo <bo@example.org> and is now nobody"),
    ({"four_eyes": False}, "four eyes was on and is now off"),
    ({"template_version": "9.9.9"}, "template version was 'VERSION' and is now '9.9.9'"),
    ({"answers": {"shape": "core"}}, "the answer to shape was not given and is now 'core'"),
    ({"host": "other"}, "host was 'folder' and is now 'other'"),
]


def test_other_words_do_not_go_on_with_a_creation(creation, host, tiny):
    with pytest.raises(Unfinished):
        replace(creation, host=Disturbed(host, before=fail_at(3))).create(wanted(), ADA)
    before = host.state()
    for change, difference in OTHER_WORDS:
        said = difference.replace("VERSION", tiny.version)
        with pytest.raises(Refused) as caught:
            creation.create(wanted(**change), ADA)
        assert f"began on 2026-03-01 at 12:30 UTC by Ada, with other words: {said}." in str(caught.value)
        assert "spalje project delete fresh-produce" in caught.value.do
    assert host.state() == before
    creation.create(wanted(template_version=tiny.version), ADA)  # the same, said more exactly


def test_another_person_does_not_go_on_with_a_creation(creation):
    with pytest.raises(Unfinished):
        replace(creation, host=Disturbed(creation.host, before=fail_at(3))).create(wanted(), ADA)
    with pytest.raises(Refused, match=r"author was 'Ada .*' and is now 'Bo .*'"):
        creation.create(wanted(), Author("Bo", "bo@example.org"))


def test_going_on_renders_the_version_of_then(creation, tiny, host):
    asked = []

    def template(version):
        asked.append(version)
        return tiny

    with pytest.raises(Unfinished):
        replace(creation, host=Disturbed(host, before=fail_at(4))).create(wanted(), ADA)
    replace(creation, template=template).create(wanted(), ADA)
    assert asked == [tiny.version]
    with pytest.raises(Unfinished):
        replace(creation, host=Disturbed(host, before=fail_at(12))).create(wanted("dairy"), ADA)
    replace(creation, template=template).create(wanted("dairy"), ADA)
    assert asked == [tiny.version]  # both commits were there: nothing is rendered


@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <posix.ScandirIterator:pytest.PytestUnraisableExceptionWarning"
)
def test_a_template_that_breaks_leaves_nothing(creation, tiny, host, metadata, tmp_path):
    (tiny.folder / "deploy" / "x.jinja").write_text("{{ nothing( }}")
    with pytest.raises(BadInput, match="cannot be rendered"):
        creation.create(wanted(), ADA)
    assert (host.state(), metadata.undertakings.all()) == ({}, ())


def test_an_answer_to_what_is_not_asked_leaves_nothing(creation, host):
    with pytest.raises(NotFound, match="question 'colour'"):
        creation.create(wanted(answers={"colour": "red"}), ADA)
    assert host.state() == {}


def test_a_secret_answer_is_kept_nowhere(creation, tiny, host, metadata):
    questions = tiny.folder / "copier.yml"
    questions.write_text(questions.read_text() + "\npassword:\n  type: str\n  secret: true\n  default: ''\n")
    said = wanted(answers={"password": "sesame"})
    with pytest.raises(Unfinished):
        replace(creation, host=Disturbed(host, before=fail_at(3))).create(said, ADA)
    assert "sesame" not in str(metadata.undertakings.all())
    project = creation.create(said, ADA).project
    assert "password" not in project.answers


def test_names_that_begin_alike_are_two_projects(creation, host):
    creation.create(wanted("fresh"), ADA)
    creation.create(wanted("fresh-build"), ADA)
    assert len(host.state()) == 4


def test_two_at_once_make_one_project(creation, host, metadata, tmp_path):
    """From connections of their own, as two processes have: one wins, the others are told."""
    start = threading.Barrier(3)
    results = []

    def attempt():
        own = open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
        hold = Heartbeat(own, this_process(), 30, lambda: datetime.now(UTC)).hold
        start.wait()
        try:
            results.append(replace(creation, metadata=own, alone=hold).create(wanted(), ADA))
        except (UsageError, Conflict) as error:
            results.append(str(error))
        own.close()

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [result for result in results if isinstance(result, str)]
    assert len(results) == 3
    assert len(told) == 2
    assert all("just now" in text or "already a project" in text for text in told), told
    assert host.state() == undisturbed(host.state())


def test_who_was_overtaken_records_nothing(creation, host, metadata):
    """A creation whose lease runs out while it sleeps: another finishes, and the first is told."""
    leases = Heartbeat(metadata, this_process(), 30, lambda: datetime.now(UTC))
    finished = []

    @contextmanager
    def runs_out(name):
        with leases.hold(name) as lease:
            yield lease

    def sleep(number):
        if number == 4 and not finished:
            metadata.leases.release(metadata.leases.holder("undertaking/fresh-produce"))
            finished.append(creation.create(wanted(), ADA))

    with pytest.raises(Conflict, match="has taken over"):
        replace(creation, alone=runs_out, host=Disturbed(host, before=sleep)).create(wanted(), ADA)
    assert metadata.projects.all() == (finished[0].project,)
    assert host.state() == undisturbed(host.state())


def test_a_clone_that_was_begun_is_made_anew(creation, host, tmp_path):
    into = tmp_path / "clones"
    (into / ".fresh-produce-build.cloning" / "half").mkdir(parents=True)
    created = creation.create(wanted(), ADA, into)
    assert sorted(path.name for path in into.iterdir()) == ["fresh-produce-build", "fresh-produce-deploy"]
    assert all((clone / ".git").is_dir() for clone in created.clones)
