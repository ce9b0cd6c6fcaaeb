import subprocess

import pytest

from spalje.errors import UsageError
from spalje.project import git


@pytest.fixture
def prepared(host):
    host.staging.mkdir(parents=True)
    git.init_bare(host.staging / "x.git")
    return host.staging / "x.git"


def test_a_published_repository_is_there_and_can_be_cloned(host, prepared, tmp_path):
    assert not host.has("fresh-build")
    host.publish("fresh-build", prepared, ("true",))
    assert host.has("fresh-build")
    assert not prepared.exists()
    git.clone(host.url("fresh-build"), tmp_path / "clone")


def test_what_is_there_is_never_overwritten(host, prepared):
    (host.folder / "fresh-build.git").mkdir()
    (host.folder / "fresh-build.git" / "mine").touch()
    with pytest.raises(UsageError, match="already a repository"):
        host.publish("fresh-build", prepared, ("true",))
    assert (host.folder / "fresh-build.git" / "mine").exists()
    assert prepared.exists()


def test_the_hook_is_a_plain_shell_script(host, prepared):
    host.publish("fresh-build", prepared, ("it's", "a b", "$HOME"))
    script = host.folder / "fresh-build.git" / "hooks" / "post-receive"
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert lines[-1] == """exec 'it'"'"'s' 'a b' '$HOME'"""
    assert subprocess.run(["sh", "-n", script], check=False, timeout=10).returncode == 0


def test_another_host_says_the_same(host, prepared):
    """A host is only its folder."""
    host.publish("fresh-build", prepared, ("true",))
    assert type(host)(host.folder).has("fresh-build")
