"""What an update of a project does, with real Git and a template in several versions."""

import shutil
import threading
from dataclasses import replace

import pytest
import stamina
import yaml
from git_host_doubles.hosts import ENVIRON, double_of, settings_for
from template_place import ADA, LINES, TemplatePlace, edited, run

from spalje.project import git
from spalje.project.update.status import project_status

BRANCH = "spalje/update-1.1.0"
ANSWERS = ".copier-answers.yml"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A place with a project, and a copy of it, which is laid down again for every test."""
    folder = tmp_path_factory.mktemp("update")
    place = TemplatePlace(folder / "live")
    place.project()
    place.workspace.metadata.close()
    shutil.copytree(folder / "live", folder / "copy", symlinks=True)
    return folder


@pytest.fixture
def place(made):
    shutil.rmtree(made / "live")
    shutil.copytree(made / "copy", made / "live", symlinks=True)
    place = TemplatePlace(made / "live")
    yield place
    place.workspace.metadata.close()


@pytest.fixture
def newer(place):
    """Version 1.1.0 changes the recipe and the training."""
    place.version(
        "1.1.0",
        {"build/pipeline.py": edited(3, "template"), "build/src/train.py": edited(3, "template") + "train\n"},
        changelog="# Changes\n\n## 1.1.0\n\n- Faster; see [skip ci].\n\n## 1.0.0\n\n- First.\n",
    )
    return place


def plainly(files):
    return {path: text for path, text in files.items() if path != ANSWERS}


def test_a_project_that_nobody_touched_gets_the_new_rendering(newer):
    done = newer.updated()
    assert [(one.role, one.outcome, one.conflicts) for one in done.repositories] == [
        ("build", "proposed", 0),
        ("deploy", "proposed", 0),
    ]
    newer.project("made-new")
    assert plainly(newer.files(BRANCH)) == {
        **plainly(newer.files("main", "made-new")),
        "README.md": "# Fresh of ada\n",
    }
    assert yaml.safe_load(newer.files(BRANCH)[ANSWERS])["template_version"] == "1.1.0"
    assert git.author(newer.bare(), BRANCH) == ADA
    assert run(newer.bare(), "rev-parse", f"{BRANCH}^") == run(newer.bare(), "rev-parse", "main")


def test_the_pull_request_says_what_a_team_wants_to_know(newer):
    newer.commit({"pipeline.py": edited(3, "ours"), "src/train.py": None})
    (request,) = [newer.build().pull_request]
    assert newer.open() == (request,)
    assert request.title == "Update template tiny 1.0.0 → 1.1.0 (1 conflict)"
    assert request.target == "main"
    for said in (
        "- Faster; see (skip ci).",
        "| `pipeline.py` | you and",
        BRANCH,
        "`src/train.py`",
        "Platform",
    ):
        assert said in request.body
    assert "First." not in request.body
    message = run(newer.bare(), "log", "-1", "--format=%B", BRANCH)
    assert message.startswith("Update template tiny 1.0.0 → 1.1.0 (1 conflict)\n\n1.1.0\n\n- Faster")
    assert "[skip ci]" not in message + request.body


def test_what_a_team_changed_elsewhere_is_kept(newer):
    newer.commit({"src/features.py": "ours entirely\n", "notes/ours.md": "ours\n"})
    assert newer.build().conflicts == 0
    files = newer.files(BRANCH)
    assert files["src/features.py"] == "ours entirely\n"
    assert files["notes/ours.md"] == "ours\n"
    assert files["pipeline.py"] == edited(3, "template")


def test_the_same_lines_are_a_conflict_in_the_branch_and_never_in_main(newer):
    newer.commit({"pipeline.py": edited(3, "ours")})
    before = newer.files("main")
    assert newer.build().conflicts == 1
    assert newer.files(BRANCH)["pipeline.py"] == edited(
        3, "<<<<<<< yours\nours\n||||||| tiny-1.0.0\nline 3\n=======\ntemplate\n>>>>>>> tiny-1.1.0"
    )
    assert newer.files("main") == before


def test_again_changes_nothing_and_there_is_one_pull_request(newer):
    first = newer.build()
    tip = git.resolve(newer.bare(), BRANCH)
    again = newer.build()
    assert (again.outcome, again.pull_request) == ("standing", first.pull_request)
    assert git.resolve(newer.bare(), BRANCH) == tip
    assert len(newer.open()) == 1


def test_again_after_main_has_moved_brings_the_same_pull_request_up_to_date(newer):
    first = newer.build()
    newer.commit({"src/features.py": "moved on\n"})
    again = newer.build()
    assert (again.outcome, again.pull_request.number) == ("proposed", first.pull_request.number)
    assert newer.files(BRANCH)["src/features.py"] == "moved on\n"
    assert run(newer.bare(), "rev-parse", f"{BRANCH}^") == run(newer.bare(), "rev-parse", "main")
    assert len(newer.open()) == 1


def test_interrupted_before_the_pull_request_it_goes_on(newer, monkeypatch):
    host = type(newer.workspace.projects.host("embedded"))

    def down(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(host, "propose", down)
        with pytest.raises(KeyboardInterrupt):
            newer.build()
    tip = git.resolve(newer.bare(), BRANCH)
    assert newer.open() == ()
    assert newer.build().outcome == "proposed"
    assert git.resolve(newer.bare(), BRANCH) == tip
    assert len(newer.open()) == 1


def test_a_branch_that_somebody_works_on_is_left_alone(newer):
    newer.commit({"pipeline.py": edited(3, "ours")})
    newer.build()
    tip = newer.commit({"pipeline.py": edited(3, "both")}, branch=BRANCH)
    newer.commit({"src/features.py": "moved on\n"})
    again = newer.build()
    assert (again.outcome, again.conflicts) == ("continued", 0)
    assert "Bo Ek <bo@example.org> has added commits" in again.said
    assert git.resolve(newer.bare(), BRANCH) == tip


def test_a_commit_of_ours_that_somebody_amended_is_not_ours(newer):
    newer.build()
    work = newer.folder / "amending"
    git.clone(str(newer.bare()), work)
    run(work, "checkout", "--quiet", BRANCH)
    (work / "pipeline.py").write_text("amended\n")
    run(work, "commit", "--quiet", "--all", "--amend", "--no-edit")
    run(work, "push", "--quiet", "--force", "origin", BRANCH)
    tip = git.resolve(newer.bare(), BRANCH)
    again = newer.build()
    assert (again.outcome, again.code) == ("failed", 4)
    assert git.resolve(newer.bare(), BRANCH) == tip


@pytest.mark.parametrize("branch", [BRANCH, "spalje"])
def test_a_team_s_own_branch_of_that_name_is_never_overwritten(newer, branch):
    tip = newer.commit({"mine": "mine\n"}, branch=branch, start="main")
    again = newer.build()
    assert again.outcome == "failed"
    assert "spalje" in again.said
    assert git.resolve(newer.bare(), f"refs/heads/{branch}") == tip
    assert newer.open() == ()


@pytest.mark.parametrize("squash", [True, False])
def test_two_versions_behind_and_merged_in_any_way(newer, squash):
    """However the update before was merged, it does not come back."""
    newer.commit({"pipeline.py": edited(15, "ours")})
    newer.build()
    newer.merge(BRANCH, squash=squash)
    assert newer.build().outcome == "current"
    newer.version("1.2.0", {"build/pipeline.py": edited(8, "more", edited(3, "template"))})
    newer.version("1.3.0", {"build/src/new.py": "new\n"})
    done = newer.build()
    assert (done.outcome, done.conflicts, done.was) == ("proposed", 0, "1.1.0")
    files = newer.files("spalje/update-1.3.0")
    assert files["pipeline.py"] == edited(15, "ours", edited(8, "more", edited(3, "template")))
    assert files["src/new.py"] == "new\n"


def test_two_versions_in_one_step_hold_the_open_update_before(newer):
    first = newer.build()
    newer.version("1.2.0", {"build/src/new.py": "new\n"}, changelog="## 1.2.0\n- New.\n## 1.1.0\n- Faster.\n")
    done = newer.build()
    assert done.was == "1.0.0"
    assert newer.files("spalje/update-1.2.0")["pipeline.py"] == edited(3, "template")
    assert "- New.\n\n### 1.1.0\n\n- Faster." in done.pull_request.body
    assert f"#{first.pull_request.number}, which can be closed" in done.said


def test_an_update_that_was_reverted_can_be_had_again(newer):
    newer.build()
    newer.merge(BRANCH)
    work = newer.folder / "merging"
    run(work, "revert", "--no-edit", "--mainline", "1", "HEAD")
    git.push(work)
    assert newer.build().outcome == "proposed"
    assert newer.files(BRANCH)["pipeline.py"] == edited(3, "template")


def test_a_file_that_the_template_renames_takes_the_team_s_change_along(place):
    place.commit({"src/features.py": edited(15, "ours") + "features\n"})
    place.version(
        "1.1.0", {"build/src/features.py": None, "build/lib/features.py": edited(3, "t") + "features\n"}
    )
    assert place.build().conflicts == 0
    files = place.files(BRANCH)
    assert files["lib/features.py"] == edited(15, "ours", edited(3, "t")) + "features\n"
    assert "src/features.py" not in files


def test_what_a_team_deleted_stays_deleted_and_what_it_changed_stays(newer):
    newer.version("1.1.0", {"build/src/features.py": None})
    newer.commit({"src/train.py": None, "src/features.py": "ours entirely\n"})
    done = newer.build()
    assert (done.conflicts, done.merged.left_deleted, done.merged.kept) == (
        0,
        ("src/train.py",),
        ("src/features.py",),
    )
    files = newer.files(BRANCH)
    assert "src/train.py" not in files
    assert files["src/features.py"] == "ours entirely\n"


def test_a_new_question_gets_its_default_or_an_answer_and_an_old_one_is_dropped(newer):
    newer.version(
        "1.1.0",
        {"build/README.md.jinja": "# {{ title }} {{ season }}\n"},
        questions="season: {type: str, default: weekday, choices: [weekday, month]}\n",
    )
    done = newer.build()
    assert (done.answered, done.dropped) == ({"season": "weekday"}, ())
    assert newer.files(BRANCH)["README.md"] == "# Fresh weekday\n"
    assert newer.build(season="month").outcome == "proposed"
    assert newer.files(BRANCH)["README.md"] == "# Fresh month\n"
    newer.commit({"src/features.py": "moved on\n"})
    newer.build()  # the answer is remembered
    assert newer.files(BRANCH)["README.md"] == "# Fresh month\n"
    assert yaml.safe_load(newer.files(BRANCH)[ANSWERS])["season"] == "month"
    assert len(newer.open()) == 1
    newer.merge(BRANCH)
    newer.version("1.2.0", {"build/README.md.jinja": "# {{ title }}\n"})
    last = newer.build()
    assert last.dropped == ("season",)
    assert "`season`: not asked any more" in last.pull_request.body
    assert "season" not in newer.files("spalje/update-1.2.0")[ANSWERS]


def test_an_answer_that_is_not_allowed_says_so(newer):
    assert "it must be one of" in newer.build(shape="round").said
    assert "There is no question 'colour'" in newer.build(colour="red").said
    assert newer.open() == ()


def test_the_same_version_with_another_answer(place):
    done = place.build(title="Fresher")
    assert done.outcome == "proposed"
    assert place.files("spalje/update-1.0.0")["README.md"] == "# Fresher of ada\n"
    assert place.build(title="Fresh").outcome == "same"


def test_a_dry_run_touches_nothing(newer):
    newer.commit({"pipeline.py": edited(3, "ours")})
    before = sorted(str(path) for path in newer.bare().rglob("*"))
    done = newer.build(dry=True)
    assert (done.outcome, done.conflicts, done.pull_request) == ("would", 1, None)
    assert {change.path for change in done.merged.changes} == {ANSWERS, "pipeline.py", "src/train.py"}
    assert sorted(str(path) for path in newer.bare().rglob("*")) == before


def test_going_back_is_refused(newer):
    newer.build()
    newer.merge(BRANCH)
    done = newer.build(to="1.0.0")
    assert done.outcome == "newer"
    assert "main is at tiny 1.1.0" in done.said
    assert [one.source for one in newer.open()] == []


def test_links_and_submodules_in_main_stay_and_are_not_followed(newer):
    work = newer.folder / "linking"
    git.clone(str(newer.bare()), work)
    (work / "link").symlink_to("../../../etc/passwd")
    run(work, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendored")
    run(work, "add", "link")
    run(work, "commit", "--quiet", "--message", "Link")
    git.push(work)
    assert newer.build().outcome == "proposed"
    listed = run(newer.bare(), "ls-tree", "-r", BRANCH)
    assert f"160000 commit {'1' * 40}\tvendored" in listed
    assert "120000 blob" in run(newer.bare(), "ls-tree", BRANCH, "link")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("template_version: 0.9.0", "which this workspace does not know"),
        ("template_version: 1.0.0\nshape: round", "holds what tiny 1.0.0 does not allow"),
        ("template_version: 1.0.0\ntemplate: ../..", "says template: '../..'"),
    ],
)
def test_answers_that_were_changed_by_hand_get_a_clear_answer(newer, line, said):
    newer.commit({ANSWERS: f"template: tiny\nproject: fresh\nrepository: build\n{line}\n"})
    done = newer.build()
    assert (done.outcome, done.code) == ("failed", 3)
    assert said in done.said
    assert ANSWERS in done.do
    assert newer.open() == ()


def statuses(place):
    projects = place.workspace.metadata.projects.all()
    return project_status(
        projects,
        place.workspace.projects.place,
        place.workspace.projects.template_versions,
        wait_s=30,
        side_by_side=4,
    )


def test_the_status_is_what_main_says(newer):
    newer.version("1.2.0", {"build/src/new.py": "new\n"})
    newer.workspace.projects.template("tiny")
    newer.project("made-new")
    newer.commit({"pipeline.py": edited(3, "ours")})
    newer.version("1.3.0", {"build/src/newer.py": "new\n", "build/pipeline.py": edited(3, "template")})
    newer.updated(to="1.3.0")
    fresh, new = statuses(newer)
    assert (fresh.project, fresh.newest, fresh.behind) == ("fresh", "1.3.0", 2)  # 1.1.0 was never used
    assert [(one.version, one.conflicts) for one in fresh.repositories] == [("1.0.0", 1), ("1.0.0", 0)]
    assert (new.behind, [one.update for one in new.repositories]) == (1, [None, None])


def test_what_cannot_be_read_is_said_and_hides_nothing_else(newer):
    newer.project("lost")
    newer.project("elsewhere")
    newer.commit({ANSWERS: None})
    shutil.rmtree(newer.bare("lost", "deploy"))
    newer.workspace.metadata.projects.change("elsewhere", host="gone")
    elsewhere, fresh, lost = statuses(newer)
    assert "no Git host 'gone'" in elsewhere.repositories[0].problem
    assert fresh.repositories[0].problem.startswith(".copier-answers.yml in main is not there")
    assert fresh.repositories[1].version == "1.0.0"
    assert (lost.repositories[0].version, lost.repositories[1].version) == ("1.1.0", None)
    assert lost.repositories[1].problem


def test_nobody_waits_for_a_host_that_does_not_answer(place):
    waiting = threading.Event()

    def slow(project, role):
        if role == "deploy":
            waiting.wait(60)
        return place.workspace.projects.place(project, role)

    projects = place.workspace.metadata.projects.all()
    (row,) = project_status(
        projects, slow, place.workspace.projects.template_versions, wait_s=2, side_by_side=2
    )
    waiting.set()
    assert row.repositories[0].version == "1.0.0"
    assert row.repositories[1].problem == "embedded has not answered within 2 s."


def test_a_template_that_is_not_in_the_catalog_any_more(place):
    (place.workspace.folder / "catalog.toml").unlink()
    (row,) = statuses(place)
    assert (row.newest, row.behind, row.repositories[0].version) == (None, None, "1.0.0")
    assert "no template 'tiny'" in row.problem


@pytest.fixture
def _no_waiting():
    """The same tries, without the seconds between them."""
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("kind", ["bitbucket-cloud", "gitea"])
def test_on_a_host_elsewhere(tmp_path, monkeypatch, kind):
    """Through its API and with real Git over HTTP: pushed once, proposed once, and left alone when somebody goes on."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    place = TemplatePlace(tmp_path)
    with double_of(kind) as double:
        settings = place.workspace.settings.model_copy(update={"git_hosts": {"ours": settings_for(double)}})
        place.workspace = replace(place.workspace, settings=settings)
        place.project(host="ours")
        bare = double.get("fresh-build").path
        place.version("1.1.0", {"build/pipeline.py": edited(3, "template")})
        done = place.updated()
        assert [one.outcome for one in done.repositories] == ["proposed", "proposed"]
        assert run(bare, "show", f"{BRANCH}:pipeline.py") == edited(3, "template")
        assert [one.outcome for one in place.updated().repositories] == ["standing", "standing"]
        assert len(double.get("fresh-build").pulls) == 1
        (row,) = statuses(place)
        assert (row.behind, row.repositories[0].update.title) == (1, "Update template tiny 1.0.0 → 1.1.0")

        tip = run(bare, "commit-tree", "-p", BRANCH, "-m", "More", f"{BRANCH}^{{tree}}").strip()
        run(bare, "update-ref", f"refs/heads/{BRANCH}", tip)
        assert place.build().outcome == "continued"
        assert statuses(place)[0].repositories[0].worked_on
        run(bare, "update-ref", "refs/heads/main", tip)
        assert place.build().outcome == "current"
    down = place.build()
    assert (down.outcome, down.was) == ("failed", None)


def test_other_lines_than_the_team_s_are_merged(newer):
    newer.commit({"pipeline.py": edited(15, "ours")})
    newer.build()
    assert newer.files(BRANCH)["pipeline.py"] == edited(15, "ours", edited(3, "template", LINES))


def test_a_secret_answer_is_written_nowhere(place):
    place.version(
        "1.1.0",
        {"build/new.txt.jinja": "{{ code | length }}\n"},
        questions='code: {type: str, secret: true, default: ""}\n',
    )
    assert place.build(code="open-sesame").outcome == "proposed"
    (request,) = place.open()
    everything = run(place.bare(), "log", "--all", "--patch", "--format=raw") + request.title + request.body
    assert "sesame" not in everything
    assert place.files(BRANCH)["new.txt"] == "11\n"


def test_a_branch_of_ours_in_the_status_that_is_no_version(newer):
    """Somebody else's pull request may begin as ours do."""
    newer.commit({"mine": "mine\n"}, branch="spalje/update-soon", start="main")
    newer.workspace.projects.host("embedded").propose("fresh-build", "spalje/update-soon", "main", "Mine", "")
    (row,) = statuses(newer)
    assert row.repositories[0].version == "1.0.0"
    assert row.repositories[0].update is None
    assert newer.build().said == ""
