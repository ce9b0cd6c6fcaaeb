"""Templates that mean harm: nothing outside the target, no program run, no end without an error that names the cause."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from spalje.errors import BadInput, Refused, SpaljeError, UsageError
from spalje.project.template.renderer import Limits, renderer
from spalje.project.template.rendering import rendered

SHORT = Limits(seconds=0.5)


@pytest.fixture
def hostile(tiny, tmp_path):
    """Renders the tiny template after a change, and says what a user sees; nothing else may be there afterwards."""

    def render(change, title="Fine", limits=None, *, trusted=False):
        change(tiny.folder)
        place = tmp_path / "place"
        try:
            answers = rendered(
                replace(tiny, trusted=trusted),
                "fresh-produce",
                "build",
                {"title": title},
                place / "out",
                limits=limits,
            )
        except SpaljeError as error:
            assert not place.exists() or not list(place.iterdir())
            return f"{type(error).__name__}: {error}"
        finally:
            assert not [path for path in tmp_path.iterdir() if path not in (tiny.folder.parent, place)]
        assert [path.name for path in place.iterdir()] == ["out"]
        return answers

    return render


def settings(text):
    def change(folder):
        told = (folder / "copier.yml").read_text()
        (folder / "copier.yml").write_text(f"{told}{text}\n")

    return change


def instead(old, new):
    def change(folder):
        file = folder / "copier.yml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    return change


def file(name, text="x"):
    def change(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    return change


def link(name, aim):
    return lambda folder: (folder / name).symlink_to(aim)


def together(*changes):
    return lambda folder: [change(folder) for change in changes]


LINKS = settings("_preserve_symlinks: true")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("_tasks: touch ran", "runs touch ran"),
        ("_tasks:\n  - [touch, ran]\n  - command: rm -r ~\n    when: true", "runs touch ran; runs rm -r ~"),
        ("_migrations:\n  - version: 1.0.0\n    before: [touch ran]", "migration, never run"),
        ("_jinja_extensions: [os.path]", "loads os.path"),
        ("_external_data:\n  users: /etc/passwd", "reads /etc/passwd"),
    ],
)
def test_what_would_run_or_read_is_named_and_refused(hostile, more, said):
    assert hostile(settings(more)).startswith("Refused: Template 'tiny' 0.1.0 is not trusted, and ")
    assert said in hostile(lambda _: None)


def test_a_trusted_template_runs_its_tasks_in_the_target(hostile, tmp_path):
    hostile(settings("_tasks: [touch ran]"), trusted=True)
    assert (tmp_path / "place" / "out" / "ran").exists()


def test_a_task_that_fails_is_told(hostile):
    assert "cannot be rendered" in hostile(settings("_tasks: [exit 3]"), trusted=True)


def test_a_task_does_not_see_our_variables(hostile, tmp_path, monkeypatch):
    monkeypatch.setenv("SPALJE_SECRET", "canary")
    hostile(settings("_tasks: [env > variables]"), trusted=True)
    assert "canary" not in (tmp_path / "place" / "out" / "variables").read_text()


@pytest.mark.parametrize("place", ['".."', "/etc", '"{{ repository }}/../.."', "build"])
def test_another_folder_than_the_repository_is_refused(hostile, place):
    said = hostile(instead('"{{ repository }}"', place))
    assert 'must say _subdirectory: "{{ repository }}"' in said


@pytest.mark.parametrize(
    ("change", "title", "said"),
    [
        (file("build/{{ '..' }}/x.txt"), "Fine", "is forbidden"),
        (file("build/{{ title }}.txt"), "../../../x", "is forbidden"),
        (file("build/{{ title }}.txt"), "/tmp/spalje-evil", "cannot be rendered"),
        (file("build/{{ title }}/config"), ".GIT", "its file .GIT is Git's own"),
        (file("build/{{ title }}/hooks/post-checkout"), "git~1", "its file git~1 is Git's own"),
        (file("build/{{ 'a\\nb' }}.txt"), "Fine", r"its file a\nb.txt has a name that cannot be read"),
        (file("build/{{ 'a' * 300 }}.txt"), "Fine", "File name too long"),
        (file("build/{{ 'a\\x00b' }}.txt"), "Fine", "null byte"),
        (link("build/l", "/etc/passwd"), "Fine", "is forbidden"),
        (together(LINKS, link("build/l", "/etc/passwd")), "Fine", "leads out, to /etc/passwd"),
        (together(LINKS, link("build/l.jinja", "{{ pathjoin('/', 'etc') }}")), "Fine", "leads out, to /etc"),
        (together(LINKS, link("build/l", "../deploy")), "Fine", "leads out, to ../deploy"),
        (
            together(LINKS, link("build/a.jinja", "{{ pathjoin('/', 'tmp') }}"), file("build/{{ 'a' }}/evil")),
            "Fine",
            "is forbidden",
        ),
        (file("build/x.jinja", "{% include '/etc/passwd' %}"), "Fine", "not found in search path"),
        (file("build/x.jinja", "{% include '../../../../../etc/passwd' %}"), "Fine", "etc/passwd"),
        (file("build/x.jinja", "{{ ''.__class__.__mro__ }}"), "Fine", "is unsafe"),
        (file("build/x.jinja", "{{ cycler.__init__.__globals__.os.system('touch ran') }}"), "Fine", "is unsafe"),
        (settings("more: !include /etc/passwd"), "Fine", "for the tag '!include'"),
        (settings("more: !!python/object/apply:os.system [ls]"), "Fine", "could not determine a constructor"),
        (settings("a: &a\n  default: *a"), "Fine", "says more than"),
        (settings("---\n_exclude: []"), "Fine", "cannot be read"),
        (settings("q: {type: '{{ 1 }}'}"), "Fine", "the type of question 'q'"),
        (settings("'q-1': 3"), "Fine", "cannot be the name of a question"),
        (settings("_exclude: ['*']"), "Fine", "it gives no files"),
        (settings("_envops: {undefined: os.system}"), "Fine", "Unsupported envops"),
        (settings("_min_copier_version: '99'"), "Fine", "requires Copier version"),
        (lambda folder: (folder / "copier.yaml").write_text("a: 1"), "Fine", "needs one copier.yml"),
        (lambda folder: (folder / "copier.yml").write_text("- a\n"), "Fine", "not a mapping"),
        (lambda folder: (folder / "copier.yml").write_text("a" * 300_000), "Fine", "larger than"),
        (lambda folder: (folder / "copier.yml").write_text("a: 1"), "Fine", "does not ask for project"),
    ],
)  # fmt: skip
def test_what_leads_out_or_cannot_be_read_is_refused(hostile, change, title, said):
    found = hostile(change, title)
    assert isinstance(found, str), found
    assert found.startswith("BadInput: ")
    assert said in found
    assert not Path("/tmp/spalje-evil.txt").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "takes longer than 0.5 s"),
        ("{{ ('a' * 60) | regex_search('(a+)+b') }}", "takes longer than 0.5 s"),
        ("{{ ('a' * 2000000000) | length }}", "bytes of memory"),
        ("{{ 'a' * 30000000 }}", "a file of more than 20,971,520 bytes"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion"),
    ],
)  # fmt: skip
def test_a_template_without_measure_is_stopped(hostile, text, said):
    limits = SHORT if "takes longer" in said else None
    assert said in hostile(file("build/x.jinja", text), limits=limits)
    assert hostile(file("build/x.jinja", "fine"))  # and the next one finds nothing changed


def test_many_large_files_are_stopped_while_they_are_written(hostile):
    name = "build/{% yield i from range(90000) %}{{ i }}.txt{% endyield %}.jinja"
    assert "writes more than 104,857,600 bytes" in hostile(file(name, "{{ 'a' * 10000000 }}"))


def test_a_template_sees_neither_our_variables_nor_our_files(hostile, tmp_path, monkeypatch):
    monkeypatch.setenv("SPALJE_SECRET", "canary")
    hostile(file("build/x.jinja", "{{ '$SPALJE_SECRET' | expandvars }} {{ '/etc/*' | fileglob }}"))
    assert (tmp_path / "place" / "out" / "x").read_text() == "$SPALJE_SECRET []"


def test_the_answers_stand_where_an_update_looks_whatever_the_template_says(hostile, tmp_path):
    hostile(together(settings("_answers_file: ../x"), link("build/.copier-answers.yml", "README.md.jinja")))
    answers = tmp_path / "place" / "out" / ".copier-answers.yml"
    assert not answers.is_symlink()
    assert 'template_version: "0.1.0"' in answers.read_text()


def test_chance_is_the_same_each_time(tiny, tmp_path):
    (tiny.folder / "build" / "x.jinja").write_text("{{ range(10**4) | random }} {{ range(10**4) | random }}")
    for place in ("one", "two"):
        rendered(tiny, "fresh-produce", "build", {}, tmp_path / place)
    assert (tmp_path / "one" / "x").read_bytes() == (tmp_path / "two" / "x").read_bytes()


def test_the_renderer_comes_back_after_it_was_ended(tiny, tmp_path):
    rendered(tiny, "fresh-produce", "build", {}, tmp_path / "one")
    process = renderer(os.getpid(), trusted=False)._process
    process.kill()
    process.wait()
    assert rendered(tiny, "fresh-produce", "build", {}, tmp_path / "two")["title"] == "Fresh produce"


def test_a_folder_that_is_there_is_left_alone(tiny, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(BadInput, match="is there already"):
        rendered(tiny, "fresh-produce", "build", {}, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_refusals_and_bad_input_have_their_exit_codes():
    assert (Refused.exit_code, BadInput.exit_code, UsageError.exit_code) == (4, 3, 2)
