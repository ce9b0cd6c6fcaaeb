import os
import subprocess
import threading
from pathlib import Path

import pytest

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project import git
from spalje.project.git import Author

ADA = Author("Ada Lovelace", "ada@example.org")


@pytest.fixture
def work(tmp_path):
    """A working folder with one commit, pushed to a bare repository beside it."""
    bare, folder = tmp_path / "bare.git", tmp_path / "work"
    git.init_bare(bare)
    git.clone(str(bare), folder)
    (folder / "src").mkdir()
    (folder / "src" / "train.py").write_text("print(1)\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    git.commit_all(folder, "First", ADA)
    git.push(folder)
    return folder


@pytest.fixture
def bare(work):
    return work.parent / "bare.git"


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_is_committed_and_pushed_is_exported_as_it_was(work, bare, tmp_path):
    sha = git.resolve(bare, "main")
    assert sha == git.resolve(work, "HEAD") == git.resolve(bare, sha[:8])
    assert git.author(bare, sha) == "Ada Lovelace <ada@example.org>"
    git.export(bare, sha, tmp_path / "sources" / sha)
    assert files(tmp_path / "sources" / sha) == {"run.sh": b"#!/bin/sh\n", "src/train.py": b"print(1)\n"}
    assert os.access(tmp_path / "sources" / sha / "run.sh", os.X_OK)
    assert [path.name for path in (tmp_path / "sources").iterdir()] == [sha]


def test_exporting_again_changes_nothing(bare, tmp_path):
    sha = git.resolve(bare, "main")
    git.export(bare, sha, tmp_path / "out")
    (tmp_path / "out" / "mark").touch()
    git.export(bare, sha, tmp_path / "out")
    assert (tmp_path / "out" / "mark").exists()


def test_exporting_at_the_same_time_is_exporting_once(bare, tmp_path):
    sha, errors = git.resolve(bare, "main"), []

    def export():
        try:
            git.export(bare, sha, tmp_path / "sources" / "out")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=export) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [path.name for path in (tmp_path / "sources").iterdir()] == ["out"]


def test_attributes_cannot_keep_a_file_out_of_the_export_or_change_it(work, bare, tmp_path):
    (work / ".gitattributes").write_text("src export-ignore\nid export-subst\n*.txt text eol=crlf\n")
    (work / "id").write_text("$Format:%H$\n")
    git.commit_all(work, "Hide", ADA)
    git.push(work)
    git.export(bare, git.resolve(bare, "main"), tmp_path / "out")
    assert files(tmp_path / "out")["id"] == b"$Format:%H$\n"
    assert "src/train.py" in files(tmp_path / "out")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside"])
def test_a_link_out_of_the_repository_is_not_exported(work, bare, tmp_path, target):
    (work / "src" / "link").symlink_to(target)
    git.commit_all(work, "Link", ADA)
    git.push(work)
    with pytest.raises(BadInput, match="src/link, which leads out of it"):
        git.export(bare, git.resolve(bare, "main"), tmp_path / "sources" / "out")
    assert list((tmp_path / "sources").iterdir()) == []


def test_a_link_inside_the_repository_is_exported(work, bare, tmp_path):
    (work / "src" / "link").symlink_to("train.py")
    git.commit_all(work, "Link", ADA)
    git.push(work)
    git.export(bare, git.resolve(bare, "main"), tmp_path / "out")
    assert (tmp_path / "out" / "src" / "link").read_text() == "print(1)\n"


def test_exporting_what_is_not_there_says_so_and_leaves_nothing(bare, tmp_path):
    with pytest.raises(BadInput, match="git archive"):
        git.export(bare, "0" * 40, tmp_path / "sources" / "out")
    assert list((tmp_path / "sources").iterdir()) == []


@pytest.mark.parametrize(
    "ref",
    ["gone", "", "-h", "--all", "--upload-pack=touch x", "main --exec=x", "main:src", "@{99}", "é", "a\nb"],
)
def test_a_ref_that_names_no_commit_says_which_branches_there_are(bare, ref):
    with pytest.raises(NotFound, match="There are: main"):
        git.resolve(bare, ref)


def test_a_ref_with_a_nul_is_refused(bare):
    with pytest.raises(BadInput, match="null byte"):
        git.resolve(bare, "a\0b")


def test_dirty_is_what_differs_from_the_last_commit(work):
    assert git.is_dirty(work) == []
    (work / "run.sh").write_text("changed\n")
    (work / "new å\n.txt").touch()
    (work / "src" / "train.py").unlink()
    (work / ".gitignore").write_text("*.log\n")
    (work / "noise.log").touch()
    assert git.is_dirty(work) == [".gitignore", "new å\n.txt", "run.sh", "src/train.py"]


def test_dirty_of_something_that_is_no_repository_says_so(tmp_path):
    with pytest.raises(BadInput, match=r"git status.*not a git repository"):
        git.is_dirty(tmp_path)


def test_nothing_to_commit_says_so(work):
    with pytest.raises(BadInput, match="nothing to commit"):
        git.commit_all(work, "Again", ADA)


def test_pushing_over_commits_of_others_is_refused(work, bare, tmp_path):
    git.clone(str(bare), tmp_path / "other")
    (tmp_path / "other" / "theirs").touch()
    git.commit_all(tmp_path / "other", "Theirs", ADA)
    git.push(tmp_path / "other")
    theirs = git.resolve(bare, "main")
    (work / "ours").touch()
    git.commit_all(work, "Ours", ADA)
    with pytest.raises(BadInput, match="git push"):
        git.push(work)
    assert git.resolve(bare, "main") == theirs


def test_variables_of_a_calling_git_do_not_reach_ours(work, bare, tmp_path, monkeypatch):
    """In a hook, Git sets GIT_DIR and more; a call about another repository must not see them."""
    other = tmp_path / "other.git"
    git.init_bare(other)
    monkeypatch.setenv("GIT_DIR", str(other))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    assert git.resolve(bare, "main") == git.resolve(work, "HEAD")
    (work / "more").touch()
    sha = git.commit_all(work, "More", ADA)
    assert git.author(work, sha) == "Ada Lovelace <ada@example.org>"


def test_what_a_person_has_configured_does_not_change_what_is_committed(tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    (home / "ignore").write_text("*.txt\n")
    hook = home / "hooks" / "pre-commit"
    hook.write_text('#!/bin/sh\ntouch "$HOME/ran"\nexit 1\n')
    hook.chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[commit]\n\tgpgSign = true\n[core]\n\thooksPath = {home}/hooks\n\texcludesFile = {home}/ignore\n"
        "\tautocrlf = true\n[init]\n\tdefaultBranch = trunk\n"
    )
    monkeypatch.setenv("HOME", str(home))
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"a\r\nb\n")
    git.start(folder)
    sha = git.commit_all(folder, "First", ADA)
    git.export(folder, sha, tmp_path / "out")
    assert files(tmp_path / "out") == {"a.txt": b"a\r\nb\n"}
    assert git.resolve(folder, "main") == sha
    assert not (home / "ran").exists()


def test_a_repository_cannot_make_us_run_its_programs(work, tmp_path):
    mark = tmp_path / "ran"
    program = tmp_path / "program.sh"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for name in ("pre-commit", "post-checkout", "post-commit", "pre-push"):
        (work / ".git" / "hooks").mkdir(exist_ok=True)
        (work / ".git" / "hooks" / name).symlink_to(program)
    subprocess.run(["git", "config", "core.fsmonitor", str(program)], cwd=work, check=True, timeout=10)
    (work / "more").touch()
    git.is_dirty(work)
    git.commit_all(work, "More", ADA)
    git.push(work)
    assert not mark.exists()


def test_a_source_that_would_run_a_program_is_not_cloned(tmp_path):
    mark = tmp_path / "ran"
    with pytest.raises(BadInput, match="transport 'ext' not allowed"):
        git.clone(f"ext::sh -c touch% {mark}", tmp_path / "clone")
    with pytest.raises(BadInput, match="git clone"):
        git.clone(f"--upload-pack=touch {mark}", tmp_path / "clone")
    assert not mark.exists()


def test_a_clone_knows_where_it_came_from(work, bare, tmp_path):
    assert git.origin(work) == str(bare)
    git.start(tmp_path / "alone")
    assert git.origin(tmp_path / "alone") is None
    assert git.origin(tmp_path) is None


def test_no_git_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="no program `git`") as raised:
        git.resolve(tmp_path, "main")
    assert "Install Git" in raised.value.do


@pytest.mark.parametrize(
    ("text", "author"),
    [
        ("Ada Lovelace <ada@example.org>", Author("Ada Lovelace", "ada@example.org")),
        ("  Åsa  <asa@example.org> ", Author("Åsa", "asa@example.org")),
        ("root", Author("root", "root@localhost")),
        ("Ada Lovelace", Author("Ada Lovelace", "Ada-Lovelace@localhost")),
        ("林", Author("林", "person@localhost")),
    ],
)
def test_a_person_is_read(text, author, tmp_path):
    assert Author.parse(text) == author
    git.start(tmp_path / "w")
    (tmp_path / "w" / "a").touch()
    sha = git.commit_all(tmp_path / "w", "First", author)
    assert git.author(tmp_path / "w", sha) == str(author)


@pytest.mark.parametrize(
    "text", ["", "  ", "<a@b>", "...", "A <a b>", "A <>", "A\nB <a@b>", "A <a@b> <c@d>", "A <a@b\n>"]
)
def test_what_is_no_person_is_refused(text):
    with pytest.raises(UsageError, match="not a person's name"):
        Author.parse(text)


def test_every_commit_ever_pushed_stays(bare):
    """Runs and versions name commits; a branch moved away from them must not let Git drop them."""
    said = subprocess.run(
        ["git", "config", "gc.pruneExpire"], cwd=bare, capture_output=True, text=True, check=True, timeout=10
    )
    assert said.stdout.strip() == "never"
    assert Path(bare, "HEAD").read_text() == "ref: refs/heads/main\n"
