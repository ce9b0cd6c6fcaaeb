"""What becomes of a team's files when the template changes: one case each, with real Git."""

import shutil

import pytest
from trees import empty, merged, tree

from spalje.errors import BadInput
from spalje.project.update.merge import Change, Conflict, merge
from spalje.project.update.scratch import File, Scratch

LINES = "".join(f"line {number}\n" for number in range(20))


def edited(number, text="changed"):
    return LINES.replace(f"line {number}\n", f"{text}\n")


@pytest.fixture
def scratch(tmp_path):
    with Scratch.over(empty(tmp_path / "bare.git")) as scratch:
        yield scratch


def test_where_nobody_touched_it_the_new_rendering_is_the_result(scratch):
    base = {"a": LINES, "gone": "x", "old name": edited(3)}
    new = {"a": edited(1), "new": "y", "run.sh": ("100755", "#!/bin/sh\n"), "new name": edited(3)}
    done, files = merged(scratch, base, base, new)
    assert files == new
    assert (done.conflicts, done.left_deleted, done.kept) == ((), (), ())
    assert done.changes == (
        Change("a", "changed", None, 1, 1),
        Change("gone", "deleted", None, 0, 1),
        Change("new", "added", None, 1, 0),
        Change("new name", "renamed", "old name", 0, 0),
        Change("run.sh", "added", None, 1, 0),
    )


def test_other_lines_of_one_file_are_merged(scratch):
    done, files = merged(scratch, {"a": LINES}, {"a": edited(2, "ours")}, {"a": edited(15, "theirs")})
    assert files["a"] == edited(2, "ours").replace("line 15", "theirs")
    assert done.conflicts == ()


def test_the_same_lines_stand_between_markers_that_a_person_understands(scratch):
    done, files = merged(scratch, {"a": LINES}, {"a": edited(2, "ours")}, {"a": edited(2, "theirs")})
    assert done.conflicts == (Conflict("a", "content"),)
    assert files["a"] == LINES.replace(
        "line 2\n",
        "<<<<<<< yours\nours\n||||||| tiny-1.0.0\nline 2\n=======\ntheirs\n>>>>>>> tiny-2.0.0\n",
    )


def test_markers_that_were_there_before_stay(scratch):
    ours = "||||||| 1234567\n" + edited(2, "ours")
    _, files = merged(scratch, {"a": LINES}, {"a": ours}, {"a": edited(2, "theirs")})
    assert files["a"].startswith("||||||| 1234567\n")


def test_a_file_that_the_team_deleted_stays_deleted(scratch):
    done, files = merged(scratch, {"a": LINES, "b": "1"}, {"b": "1"}, {"a": edited(2), "b": "2"})
    assert files == {"b": "2"}
    assert (done.left_deleted, done.conflicts) == (("a",), ())


def test_a_file_that_the_template_renamed_and_the_team_deleted_stays_deleted(scratch):
    done, files = merged(scratch, {"a": LINES, "b": "1"}, {"b": "1"}, {"c": LINES, "b": "2"})
    assert files == {"b": "2"}
    assert done.left_deleted == ("c",)


def test_a_file_that_the_template_deleted_and_the_team_changed_stays(scratch):
    done, files = merged(scratch, {"a": LINES, "b": "1"}, {"a": edited(2), "b": "1"}, {"b": "2"})
    assert files == {"a": edited(2), "b": "2"}
    assert (done.kept, done.conflicts) == (("a",), ())


def test_a_file_that_the_template_deleted_and_the_team_renamed_stays(scratch):
    done, files = merged(scratch, {"a": LINES, "b": "1"}, {"d/a": LINES, "b": "1"}, {"b": "2"})
    assert files == {"d/a": LINES, "b": "2"}
    assert done.kept == ("d/a",)


def test_a_change_follows_the_template_s_rename(scratch):
    done, files = merged(scratch, {"old/a": LINES}, {"old/a": edited(2)}, {"new/a": edited(15)})
    assert files == {"new/a": edited(2).replace("line 15", "changed")}
    assert done.conflicts == ()
    assert [(change.how, change.before) for change in done.changes] == [("renamed", "old/a")]


def test_the_template_s_change_follows_the_team_s_rename(scratch):
    _, files = merged(scratch, {"a": LINES}, {"mine/a": edited(2)}, {"a": edited(15)})
    assert files == {"mine/a": edited(2).replace("line 15", "changed")}


def test_a_file_of_the_team_s_own_stays_where_it_is_when_its_folder_is_renamed(scratch):
    base = {f"src/{name}": LINES + name for name in "abc"}
    new = {f"lib/{name}": LINES + name for name in "abc"}
    done, files = merged(scratch, base, {**base, "src/mine": "mine"}, new)
    assert files == {**new, "src/mine": "mine"}
    assert done.conflicts == ()


def test_executable_bits_are_kept(scratch):
    base = {"a": LINES, "b": ("100755", LINES)}
    main = {"a": ("100755", LINES), "b": ("100755", edited(2))}
    _, files = merged(scratch, base, main, {"a": edited(4), "b": ("100755", edited(15))})
    assert files["a"] == ("100755", edited(4))
    assert files["b"][0] == "100755"


def test_a_file_without_lines_is_the_team_s_and_a_conflict(scratch):
    done, files = merged(scratch, {"a": b"\0a"}, {"a": b"\0ours"}, {"a": b"\0theirs"})
    assert files == {"a": b"\0ours"}
    assert done.conflicts == (Conflict("a", "binary"),)


def test_the_same_name_for_two_new_files_is_a_conflict(scratch):
    done, files = merged(scratch, {"a": "1"}, {"a": "1", "new": "ours\n"}, {"a": "2", "new": "theirs\n"})
    assert done.conflicts == (Conflict("new", "added"),)
    assert files["new"] == "<<<<<<< yours\nours\n||||||| tiny-1.0.0\n=======\ntheirs\n>>>>>>> tiny-2.0.0\n"


def test_two_renames_of_one_file_leave_both(scratch):
    done, files = merged(scratch, {"a": LINES}, {"ours": LINES}, {"theirs": LINES})
    assert set(files) == {"ours", "theirs"}
    assert {conflict.kind for conflict in done.conflicts} == {"rename"}


def test_a_link_here_and_a_file_there_both_stay(scratch):
    done, files = merged(scratch, {"a": LINES}, {"a": ("120000", "elsewhere")}, {"a": edited(2)})
    assert files == {"a": ("120000", "elsewhere"), "a~tiny-2.0.0": edited(2)}
    assert [conflict.kind for conflict in done.conflicts] == ["kind"] * len(done.conflicts)
    assert {conflict.path for conflict in done.conflicts} == {"a", "a~tiny-2.0.0"}


def test_a_folder_here_and_a_file_there_both_stay(scratch):
    done, files = merged(scratch, {"x": "1"}, {"x": "1", "a/b": "ours"}, {"x": "2", "a": "theirs"})
    assert files == {"x": "2", "a/b": "ours", "a~tiny-2.0.0": "theirs"}
    assert [conflict.kind for conflict in done.conflicts] == ["kind"]


def test_links_and_submodules_of_the_team_stay_as_they_are(scratch):
    base, new = tree(scratch, {"a": "1"}), tree(scratch, {"a": "2", "b": "3"})
    more = {"vendored": File("160000", "1" * 40), "link": File("120000", scratch.write(b"../../etc/passwd"))}
    done = merge(scratch, base, scratch.revised(base, more), new, was="w", becomes="b")
    files = scratch.files(done.tree)
    assert {path: files[path] for path in more} == more
    assert set(files) == {"a", "b", "vendored", "link"}


@pytest.mark.parametrize("main", ["answer: 1\n", "answer: mine\n", None])
def test_what_is_settled_is_the_new_rendering_s(scratch, main):
    team = {"a": edited(3)} | ({".copier-answers.yml": main} if main else {})
    done, files = merged(
        scratch,
        {"a": LINES, ".copier-answers.yml": "answer: 1\n"},
        team,
        {"a": LINES, ".copier-answers.yml": "answer: 2\n"},
        settled=(".copier-answers.yml",),
    )
    assert files == {"a": edited(3), ".copier-answers.yml": "answer: 2\n"}
    assert (done.conflicts, done.left_deleted, done.kept) == ((), (), ())


def test_names_of_any_kind(scratch):
    names = ["å ä ö", "-n", "a\nb", "a\tb", '"quoted"', ":(glob)*", "..x"]
    base = dict.fromkeys(names, LINES)
    main = {name: edited(2) for name in names}
    done, files = merged(scratch, base, main, {name: edited(15) for name in names} | {"new\n": "1"})
    assert files == {name: edited(2).replace("line 15", "changed") for name in names} | {"new\n": "1"}
    assert {change.path for change in done.changes} == set(files)


def test_the_repository_itself_is_left_alone(tmp_path):
    bare = empty(tmp_path / "bare.git")
    before = sorted(str(path) for path in bare.rglob("*"))
    with Scratch.over(bare) as scratch:
        merged(scratch, {"a": LINES}, {"a": edited(2)}, {"a": edited(2, "x")})
    assert sorted(str(path) for path in bare.rglob("*")) == before
    assert not scratch.folder.exists()


def test_a_git_that_is_too_old_says_so(scratch, tmp_path, monkeypatch):
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    real = shutil.which("git")
    old.write_text(f'#!/bin/sh\ncase " $* " in *" merge-tree "*) exit 129;; esac\nexec {real} "$@"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")
    with pytest.raises(BadInput, match="too old") as raised:
        merged(scratch, {"a": "1"}, {"a": "2"}, {"a": "3"})
    assert "2.38" in raised.value.do
