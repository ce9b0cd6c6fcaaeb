import os

import pytest
import yaml

from spalje.errors import BadInput, NotFound, Refused, UsageError
from spalje.project.template.template import render

ANSWERS = {"title": "Fresh produce", "owner": "Greens"}


def tree(folder):
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode & 0o111)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_repository_is_rendered(tiny, tmp_path):
    render(tiny, "fresh-produce", "build", ANSWERS, tmp_path / "out")
    found = tree(tmp_path / "out")
    assert sorted(found) == [".copier-answers.yml", ".gitignore", "README.md", "src/plain.py", "src/run.sh"]
    assert found["README.md"][0] == b"# Fresh produce (build of fresh-produce)\n"
    assert found["src/plain.py"][0] == b"x = f'{{not rendered}}'\n"
    assert found["src/run.sh"][1] == 0o111


def test_the_answers_stay_with_the_repository_and_say_nothing_of_this_machine(tiny, tmp_path):
    render(tiny, "fresh-produce", "deploy", ANSWERS, tmp_path / "out")
    text = (tmp_path / "out" / ".copier-answers.yml").read_text()
    assert yaml.safe_load(text) == {
        "owner": "Greens",
        "project": "fresh-produce",
        "repository": "deploy",
        "template": "tiny",
        "template_version": tiny.version,
        "title": "Fresh produce",
    }
    assert str(tmp_path) not in text


def test_what_is_not_answered_gets_the_default(tiny, tmp_path):
    render(tiny, "fresh-produce", "build", {}, tmp_path / "out")
    assert (tmp_path / "out" / "README.md").read_text().startswith("# Fresh produce (")


@pytest.mark.parametrize(
    "title", ["{{ 7 * 7 }}", "{% raw %}", "\"'\\`$(id)", "# å 林 \U0001f353", "null", "1.0", "- a"]
)
def test_an_answer_is_text_whatever_it_looks_like(tiny, tmp_path, title):
    render(tiny, "fresh-produce", "build", {"title": title}, tmp_path / "out")
    assert (tmp_path / "out" / "README.md").read_text().startswith(f"# {title} (")
    assert yaml.safe_load((tmp_path / "out" / ".copier-answers.yml").read_text())["title"] == title


@pytest.mark.parametrize("title", ["a\nb", "a\0b", "\x1b[31m", "x" * 101, "a\u2028b", "\ud800"])
def test_an_answer_that_is_no_line_of_text_is_refused(tiny, tmp_path, title):
    with pytest.raises(UsageError, match=r"The title .* cannot be used"):
        render(tiny, "fresh-produce", "build", {"title": title}, tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["../x", "a", "A-b", "a_b", "a" * 50, "a b", "-ab", "{{ 7 }}", "å", "ab\n", ""]
)
def test_a_hostile_name_is_refused(tiny, tmp_path, name):
    with pytest.raises(UsageError, match="cannot be the name of a project"):
        render(tiny, name, "build", ANSWERS, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_answer_to_nothing_is_refused(tiny, tmp_path):
    with pytest.raises(NotFound, match="Did you mean 'title'"):
        render(tiny, "fresh-produce", "build", {"titel": "x"}, tmp_path / "out")


@pytest.mark.parametrize("more", ["_tasks:\n  - touch ran\n", "_jinja_extensions:\n  - os.path\n"])
def test_a_template_that_would_run_programs_is_refused(tiny, tmp_path, more):
    with (tiny.folder / "copier.yml").open("a") as file:
        file.write(more)
    with pytest.raises(
        Refused, match=r"Template 'tiny' .* is not trusted, and (runs touch ran|loads os.path)"
    ):
        render(tiny, "fresh-produce", "build", ANSWERS, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("file", "text"), [("copier.yml", "a: [\n"), ("build/x.jinja", "{{ nothing( }}")])
def test_a_broken_template_is_named(tiny, tmp_path, file, text):
    (tiny.folder / file).write_text(text)
    with pytest.raises(BadInput, match=r"cannot be (rendered|read): ") as raised:
        render(tiny, "fresh-produce", "build", ANSWERS, tmp_path / "out")
    assert str(tiny.folder) in f"{raised.value} {raised.value.do}"
    assert list(tmp_path.iterdir()) == [tiny.folder.parent]


def test_what_a_person_has_configured_does_not_change_the_files(tiny, tmp_path, monkeypatch):
    settings = tmp_path / "settings.yml"
    settings.write_text("defaults:\n  owner: Somebody\n")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    render(tiny, "fresh-produce", "build", {}, tmp_path / "out")
    assert "Somebody" not in (tmp_path / "out" / ".copier-answers.yml").read_text()
    assert os.environ["COPIER_SETTINGS_PATH"]
