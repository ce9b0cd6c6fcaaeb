"""A project on each kind of Git host, made and undone through the real command line."""

import subprocess
from pathlib import Path

import pytest
from command import Command
from git_host_doubles.hosts import ENVIRON, ROUTES, double_of

SETTINGS = """
[git_hosts.ours]
kind = "{kind}"
url = "{url}"
owner = "{owner}"
token_env = "HOST_TOKEN"
webhook_url = "https://spalje.example.org"
webhook_secret_env = "HOOK_SECRET"
{more}
variables = {{ INDEX = "https://packages.example.org" }}
secrets = {{ PASSWORD = "HOST_TOKEN" }}
"""
MORE = {"bitbucket-cloud": 'user_env = "HOST_USER"\nproject = "RETAIL"'}
OWNER = {"bitbucket-data-center": "GROCER"}


@pytest.mark.parametrize("kind", sorted(ROUTES))
def test_two_repositories_that_know_all_they_need_and_then_nothing(kind: str, tmp_path: Path) -> None:
    with double_of(kind) as double:
        workspace = tmp_path / "workspace"
        workspace.mkdir()
        (workspace / "settings.toml").write_text(
            SETTINGS.format(
                kind=kind, url=double.address, owner=OWNER.get(kind, "grocer"), more=MORE.get(kind, "")
            )
        )
        spalje = Command(workspace, tmp_path)
        made = spalje(
            "project",
            "create",
            "fresh",
            "--host",
            "ours",
            "--template",
            "bring-your-own",
            "--json",
            **ENVIRON,
        )
        assert made.code == 0, made.error
        assert made.json["project"]["host"] == "ours"
        kept = dict(double.repositories)
        assert sorted(kept) == ["fresh-build", "fresh-deploy"]
        for repository in kept.values():
            log = ["git", "log", "--format=%B", "main"]
            said = subprocess.run(log, cwd=repository.path, capture_output=True, text=True, check=True).stdout
            assert said.split("\n\n")[:2] == ["Start from template bring-your-own 0.2.0", "[skip ci]"]
            assert "(spalje " in repository.description
            assert (len(repository.hooks), bool(repository.rules)) == (1, True)
            if kind != "bitbucket-data-center":  # which has no CI, and keeps no variables
                assert {"INDEX", "PASSWORD", "SPALJE_PROJECT", "SPALJE_BUILDS"} <= set(repository.variables)
        assert ENVIRON["HOST_TOKEN"] not in made.out + made.error
        again = spalje(
            "project", "create", "fresh", "--host", "ours", "--template", "bring-your-own", **ENVIRON
        )
        assert (again.code, dict(double.repositories)) == (2, kept)
        gone = spalje("project", "delete", "fresh", "--yes", **ENVIRON)
        assert gone.code == 0, gone.error
        assert list(double.repositories) == []
        assert double.undescribed == []
