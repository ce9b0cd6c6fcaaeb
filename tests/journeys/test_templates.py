"""The catalog through the real command line."""

import shutil
import subprocess
from pathlib import Path

import pytest
from command import Command

LEMONADE = Path(__file__).parents[1] / "project" / "lemonade"


@pytest.fixture
def spalje(tmp_path):
    return Command(tmp_path / "workspace", tmp_path)


def test_a_companys_template_from_git_for_one_team(spalje, tmp_path):
    folder = tmp_path / "lemonade"
    shutil.copytree(LEMONADE, folder)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "1"], ["tag", "v1.0.0"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True)
    spalje.workspace.mkdir()
    (spalje.workspace / "settings.toml").write_text('[teams]\nretail = ["eva@shop.se"]\n')

    refused = spalje("template", "add", str(folder), "--team", "retial")
    assert (refused.code, "Did you mean 'retail'" in refused.error) == (2, True)
    added = spalje("template", "add", str(folder), "--team", "retail", SPALJE_USER="Bo <bo@shop.se>")
    assert added.code == 0, added.error
    for word in (
        "lemonade 1.0.0",
        "seen by",
        "retail",
        "runs     nothing",
        "sweet",
        "true | false",
        "none of its teams",
    ):
        assert word in added.out

    eva = {"SPALJE_USER": "Eva <eva@shop.se>"}
    assert "lemonade" not in spalje("template", "list", SPALJE_USER="bo").out
    hidden = spalje("template", "show", "lemonade", SPALJE_USER="bo")
    assert (hidden.code, "no template 'lemonade'" in hidden.error) == (2, True)
    shown = spalje("template", "show", "lemonade", "--version", "1.0.0", "--json", **eva).json
    assert {question["name"] for question in shown["questions"]} == {
        "title", "owner", "shape", "environment", "sweet"
    }  # fmt: skip
    assert shown["may_run"] == {"tasks": [], "migrations": [], "extensions": [], "external_data": []}
    assert spalje("template", "remove", "lemonade").code == 0
    assert spalje("template", "show", "lemonade", **eva).code == 2


def test_a_template_that_runs_programs_needs_trust_and_says_what_it_runs(spalje, tmp_path):
    folder = tmp_path / "lemonade"
    shutil.copytree(LEMONADE, folder)
    with (folder / "copier.yml").open("a") as file:
        file.write("_tasks: [touch ran]\n")
    refused = spalje("template", "add", str(folder))
    assert refused.code == 4
    assert "runs     touch ran" in refused.out
    assert "is not trusted, and runs touch ran" in refused.error
    assert not (spalje.workspace / "catalog.toml").exists()
    trusted = spalje("template", "add", str(folder), "--trust")
    assert trusted.code == 0, trusted.error
    assert "it may run programs" in trusted.out


def test_a_template_with_a_fault_fails_its_check_and_a_shipped_one_can_be_hidden(spalje, tmp_path):
    folder = tmp_path / "lemonade"
    shutil.copytree(LEMONADE, folder)
    (folder / "build" / "x.toml.jinja").write_text("title = '{{ title }}'\n")
    failed = spalje("template", "check", str(folder), "--quick", "--keep", str(tmp_path / "kept"))
    assert failed.code == 3
    assert "build/x.toml cannot be read" in failed.out
    assert "parts failed" in failed.out
    assert (tmp_path / "kept" / "defaults" / "build" / "x.toml").is_file()
    assert spalje("template", "remove", "forecasting").code == 0
    assert spalje("template", "add", "forecasting").code == 0
    assert "forecasting" in spalje("template", "list").out


def test_a_template_of_ones_own_begins_as_a_copy(spalje, tmp_path):
    folder = tmp_path / "ours"
    made = spalje("template", "copy", "bring-your-own", str(folder), "--json")
    assert made.json == {"template": "bring-your-own", "version": "0.2.0", "folder": str(folder)}
    assert spalje("template", "check", str(folder), "--quick").code == 0
    again = spalje("template", "copy", "bring-your-own", str(folder))
    assert (again.code, "already a folder" in again.error) == (2, True)
