"""Mirrors of repositories on other machines."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from git_host_doubles.double import git as raw_git

from spalje.errors import BadInput, NotFound
from spalje.project import git
from spalje.project.git_hosts.port import Remote
from spalje.project.mirror import Mirrors

ADA = git.Author("Ada Lovelace", "ada@example.org")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A repository on "another machine"."""
    path = tmp_path / "host" / "grocer" / "fresh-build.git"
    path.parent.mkdir(parents=True)
    git.init_bare(path)
    git.clone(str(path), tmp_path / "clone")
    return path


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors", Remote)


def pushed(there: Path, text: str, branch: str = "main", *, force: bool = False) -> str:
    clone = there.parent.parent.parent / "clone"
    (clone / "file").write_text(text)
    sha = git.commit_all(clone, text, ADA)
    raw_git(clone, "push", "-q", *(["--force"] if force else []), "origin", f"HEAD:refs/heads/{branch}")
    return sha


def test_a_path_is_its_own_mirror(mirrors: Mirrors, there: Path):
    assert mirrors.local(str(there), "main") == there
    assert not mirrors.folder.exists()


def test_a_branch_is_where_it_is_now(mirrors: Mirrors, there: Path):
    url = f"file://{there}"
    for text in ("1", "2"):
        sha = pushed(there, text)
        mirror = mirrors.local(url, "main")
        assert git.resolve(mirror, "main") == sha
    assert mirror.is_relative_to(mirrors.folder)
    assert mirror.name == "fresh-build.git"
    with pytest.raises(NotFound):
        git.resolve(mirrors.local(url, "nothing"), "nothing")


def test_a_commit_that_is_here_is_read_while_the_host_is_down(mirrors: Mirrors, there: Path):
    url = f"file://{there}"
    sha = pushed(there, "1")
    mirrors.local(url, "main")
    there.rename(there.with_name("gone"))
    assert git.author(mirrors.local(url, sha), sha) == str(ADA)
    with pytest.raises(BadInput, match="git fetch"):
        mirrors.local(url, "main")


def test_a_commit_that_is_not_here_is_fetched(mirrors: Mirrors, there: Path):
    url = f"file://{there}"
    pushed(there, "1")
    mirrors.local(url, "main")
    sha = pushed(there, "2", "topic")
    assert git.has_commit(mirrors.local(url, sha), sha)


def test_commits_stay_when_a_branch_is_rewritten_or_deleted(mirrors: Mirrors, there: Path):
    url = f"file://{there}"
    first = pushed(there, "1")
    second = pushed(there, "2", "topic/a")
    mirror = mirrors.local(url, "main")
    mirrors.local(url, "topic/a")
    raw_git(there, "update-ref", "-d", "refs/heads/topic/a")
    pushed(there, "3", "topic")
    mirrors.local(url, "topic")
    raw_git(mirror, "-c", "gc.auto=1", "gc", "-q")
    assert all(git.has_commit(mirror, sha) for sha in (first, second))
    assert git.branch(mirror, "topic/a") is None


def test_many_at_once_get_the_same(mirrors: Mirrors, there: Path):
    sha = pushed(there, "1")
    url = f"file://{there}"
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: git.resolve(mirrors.local(url, "main"), "main"), range(8)))
    assert found == {sha}
    program = (
        "import sys; from pathlib import Path; from spalje.project.mirror import Mirrors;"
        "from spalje.project.git_hosts.port import Remote; from spalje.project import git;"
        "print(git.resolve(Mirrors(Path(sys.argv[1]), Remote).local(sys.argv[2], 'main'), 'main'))"
    )
    sha = pushed(there, "2")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(mirrors.folder), url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert {one.communicate(timeout=60)[0].strip() for one in running} == {sha}
    assert not list(mirrors.folder.rglob(".new-*"))


@pytest.mark.parametrize(
    "url", ["https://git.example.org/../../etc", "https://git.example.org/a b", "https://git.example.org//"]
)
def test_an_address_never_leads_out_of_the_folder(mirrors: Mirrors, url: str):
    with pytest.raises(BadInput, match="not the address of a repository"):
        mirrors.local(url, "main")
