import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spalje.errors import BadInput, UsageError
from spalje.project import git
from spalje.project.git import Author
from spalje.project.hook import HookSpec
from spalje.project.repositories import create_project

#: Copier leaves a directory listing open when a file of the template is broken.
UNCLOSED = "ignore:Exception ignored in. <posix.ScandirIterator:pytest.PytestUnraisableExceptionWarning"

ADA = Author("Ada Lovelace", "ada@example.org")


@pytest.fixture
def create(tiny, host, recorder):
    def made(name="fresh-produce", **more):
        return create_project(
            name,
            tiny,
            host,
            **{"answers": {"title": "Fresh produce"}, "author": ADA, "hook": recorder.hook, **more},
        )

    return made


def by_hand(*words, folder):
    """Git as a person types it, with the environment they have."""
    identity = {
        f"GIT_{role}_{key}": "eva@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for key in ("NAME", "EMAIL")
    }
    return subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **identity},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )


def whole(made):
    """Both repositories hold one sound commit on main and call a hook."""
    for bare in (made.build_repository, made.deploy_repository):
        by_hand("fsck", "--strict", folder=bare)
        assert by_hand("rev-list", "--count", "main", folder=bare).stdout == "1\n"
        assert os.access(Path(bare, "hooks", "post-receive"), os.X_OK)


def test_a_project_is_two_repositories_and_two_clones(create, host, tmp_path):
    made = create(clone_into=tmp_path / "clones")
    assert made.build_repository == str(host.folder / "fresh-produce-build.git")
    assert made.deploy_repository == str(host.folder / "fresh-produce-deploy.git")
    assert made.clones == (
        tmp_path / "clones" / "fresh-produce-build",
        tmp_path / "clones" / "fresh-produce-deploy",
    )
    whole(made)
    for clone, role in zip(made.clones, ("build", "deploy"), strict=True):
        assert (clone / "README.md").read_text() == f"# Fresh produce ({role} of fresh-produce)\n"
        assert git.is_dirty(clone) == []
        sha = git.resolve(clone, "main")
        assert git.author(clone, sha) == str(ADA)
        assert "Start from template tiny" in by_hand("log", "-1", "--format=%s", folder=clone).stdout
    assert sorted(path.name for path in host.staging.iterdir()) == ["lock"]


def test_creating_calls_no_hook(create, recorder, tmp_path):
    create(clone_into=tmp_path / "clones")
    assert recorder.calls == []


@pytest.mark.parametrize("role", ["build", "deploy"])
def test_a_push_calls_the_hook_with_what_was_pushed(create, recorder, tmp_path, role):
    made = create(clone_into=tmp_path / "clones")
    clone = made.clones[role == "deploy"]
    old = git.resolve(clone, "main")
    (clone / "src" / "plain.py").write_text("x = 2\n")
    by_hand("commit", "--all", "--message=Change", folder=clone)
    said = by_hand("push", folder=clone)
    new = git.resolve(clone, "main")
    assert recorder.calls == [
        {
            "words": ["$HOME `id` ;", "--project", "fresh-produce", "--repository", role],
            "lines": [f"{old} {new} refs/heads/main"],
        }
    ]
    assert "remote: recorded" in said.stderr


def test_a_push_of_several_branches_is_one_call(create, recorder, tmp_path):
    clone = create(clone_into=tmp_path / "clones").clones[0]
    by_hand("branch", "idea", folder=clone)
    by_hand("commit", "--allow-empty", "--message=More", folder=clone)
    by_hand("push", "origin", "main", "idea", folder=clone)
    by_hand("push", "origin", "--delete", "idea", folder=clone)
    first, second = recorder.calls
    assert sorted(line.split()[2] for line in first["lines"]) == ["refs/heads/idea", "refs/heads/main"]
    assert second["lines"][0].split()[1] == "0" * 40


def test_our_own_push_calls_the_hook_too(create, recorder, tmp_path):
    clone = create(clone_into=tmp_path / "clones").clones[0]
    (clone / "more").touch()
    git.commit_all(clone, "More", ADA)
    git.push(clone)
    assert len(recorder.calls) == 1


def test_the_hook_that_tells_spalje_has_its_words(create, host):
    made = create(hook=HookSpec.of(sys.executable, Path("/srv/it's ours")))
    script = Path(made.build_repository, "hooks", "post-receive").read_text()
    assert script.splitlines()[-1] == (
        f"exec {sys.executable} -P -m spalje run pushed --workspace '/srv/it'\"'\"'s ours' "
        "--project fresh-produce --repository build"
    )


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "x", "Fresh", "a b", "$(id)", "a.git", "-rf", "fresh\n", "", "a" * 50]
)
def test_a_hostile_name_is_refused_before_anything_is_made(create, host, name):
    with pytest.raises(UsageError, match="cannot be the name of a project"):
        create(name)
    assert not host.folder.exists()


def test_a_project_is_never_overwritten(create, host):
    made = create()
    before = git.resolve(Path(made.build_repository), "main")
    with pytest.raises(UsageError, match="already a project 'fresh-produce'"):
        create()
    assert git.resolve(Path(made.build_repository), "main") == before


@pytest.mark.parametrize("role", ["build", "deploy"])
def test_a_repository_of_the_same_name_stops_the_creation(create, host, role):
    (host.folder / f"fresh-produce-{role}.git").mkdir(parents=True)
    with pytest.raises(UsageError, match="already a project"):
        create()
    assert len(list(host.folder.glob("*.git"))) == 1


def test_a_folder_in_the_way_of_a_clone_stops_the_creation(create, host, tmp_path):
    (tmp_path / "clones" / "fresh-produce-deploy").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"already a folder .*fresh-produce-deploy"):
        create(clone_into=tmp_path / "clones")
    assert list(host.folder.glob("*.git")) == []


def test_names_that_begin_alike_are_two_projects(create, host):
    create("fresh")
    create("fresh-build")
    assert len(list(host.folder.glob("*.git"))) == 4


@pytest.mark.filterwarnings(UNCLOSED)
def test_a_template_that_breaks_leaves_nothing(create, tiny, host):
    (tiny.folder / "deploy" / "x.jinja").write_text("{{ nothing( }}")
    with pytest.raises(BadInput, match="cannot be rendered"):
        create()
    assert list(host.folder.glob("*.git")) == []
    assert [path.name for path in host.staging.iterdir()] == ["lock"]
    (tiny.folder / "deploy" / "x.jinja").unlink()
    whole(create())


def test_a_record_that_fails_is_asked_for_again(create):
    recorded = []

    def refuse(made):
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        create(record=refuse)
    made = create(record=recorded.append)
    assert recorded == [made]
    with pytest.raises(UsageError, match="already a project"):
        create(record=recorded.append)
    assert recorded == [made]


def test_two_at_once_make_one_project(create):
    results = []

    def attempt():
        try:
            results.append(create())
        except UsageError as error:
            results.append(str(error))

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (made,) = [result for result in results if not isinstance(result, str)]
    assert len(results) == 3
    whole(made)


@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_a_creation_killed_anywhere_is_finished_by_the_next(create, host, tmp_path, first):
    """Killed before the k-th rename or removal of a folder: every fourth k until none is left."""
    clones = tmp_path / "clones"
    for point in range(first, 100, 4):
        name = f"project-{point}"
        child = os.fork()
        if child == 0:
            die_at(point)
            try:
                create(name, clone_into=clones)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            break
        made = create(name, clone_into=clones)
        whole(made)
        assert all(git.is_dirty(clone) == [] for clone in made.clones)
        assert [path.name for path in host.staging.iterdir()] == ["lock"]
        assert {path.name for path in clones.iterdir() if path.name.startswith(".")} == set()
    assert point > 8
    with pytest.raises(UsageError, match="already a project"):
        create(name, clone_into=clones)


def die_at(point):
    """End this process, as kill -9 does, at the point-th rename or removal of a folder."""
    count = 0

    def hook(event, arguments):
        nonlocal count
        if event in ("os.rename", "shutil.rmtree"):
            count += 1
            if count == point:
                os._exit(137)

    sys.addaudithook(hook)
