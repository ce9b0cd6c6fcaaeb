"""Trying templates out: what is wrong with one is found before a project is made from it."""

import shutil
import sys
from itertools import combinations, product
from pathlib import Path

import demo_environment
import pytest

from spalje.errors import BadInput, NotFound
from spalje.execution.environment.passed_on import for_scripts
from spalje.model.program import Python
from spalje.project.template.template import Template
from spalje.project.template_check.case import LONGEST_NAME, TEXTS, Case, cases, pairs
from spalje.project.template_check.check import TemplateCheck
from spalje.project.template_check.program import run
from spalje.project.template_check.repository import check_tests


@pytest.fixture
def folder(tmp_path):
    """The template ``lemonade``, which can be tried out within seconds."""
    shutil.copytree(Path(__file__).parent / "lemonade", tmp_path / "lemonade")
    return tmp_path / "lemonade"


def tried(folder, case=None, *, quick=True):
    """Part -> outcome of a case, by default one with the defaults."""
    place = folder.parent / "place"
    place.mkdir()
    template = Template.read(folder, "lemonade")
    python = sys.executable if quick else str(demo_environment.python())
    check = TemplateCheck(template, Python(python, for_scripts()), place, quick=quick)
    return {outcome.part: outcome for outcome in check.outcomes(case or Case("defaults", "a-project", {}))}


def test_defaults_and_declared_answers_come_in_every_shape_and_choices_in_pairs(folder):
    card = (folder / "template.toml").read_text()
    (folder / "template.toml").write_text(
        card + '[[check.answers]]\nsweet = false\n[[check.answers]]\nshape = "core"\n'
    )
    found = cases(Template.read(folder, "lemonade"))
    assert [case.name for case in found if not case.edge] == [
        "defaults", "shape=core", "sweet=False", "shape=core, sweet=False"
    ]  # fmt: skip
    edges = [case.answers for case in found if case.edge]
    assert {(one["shape"], one["environment"]) for one in edges} == {
        (shape, environment) for shape in ("pipeline", "core") for environment in ("current", "uv")
    }
    assert {(one["sweet"], one["shape"]) for one in edges} >= {(True, "core"), (False, "pipeline")}
    assert {one["title"] for one in edges} == {one["owner"] for one in edges} == set(TEXTS)
    assert LONGEST_NAME in {case.project for case in found}
    assert len(LONGEST_NAME) == 49


@pytest.mark.parametrize("most", [3, 40])
def test_pairs_are_bounded_and_complete_where_they_may_be(most):
    levels = {name: range(size) for name, size in (("a", 4), ("b", 3), ("c", 3), ("d", 2))}
    rows = pairs(levels, most)
    assert len(rows) <= min(most, 16)
    if most == 40:
        for one, other in combinations(levels, 2):
            found = {(row[one], row[other]) for row in rows}
            assert found == set(product(levels[one], levels[other]))


def test_a_declared_answer_that_is_none_is_refused(folder):
    card = (folder / "template.toml").read_text()
    (folder / "template.toml").write_text(card + "[[check.answers]]\nswet = false\n")
    with pytest.raises(NotFound, match="Did you mean 'sweet'"):
        cases(Template.read(folder, "lemonade"))


def test_a_whole_life_is_lived(folder):
    found = tried(folder, Case("core", "a-project", {"shape": "core"}), quick=False)
    assert {part: outcome.said for part, outcome in found.items() if not outcome.passed} == {}
    assert list(found) == [
        "render", "compile", "tests",
        "life: create", "life: data", "life: build", "life: approve", "life: inference", "life: truth",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "part", "said"),
    [
        ("build/x.toml.jinja", 'a = "{{ title }}"', "render", "build/x.toml cannot be read"),
        ("build/x.yml.jinja", "a: {{ title }}", "render", "build/x.yml cannot be read"),
        ("deploy/x.json", "{", "render", "deploy/x.json cannot be read"),
        ("deploy/x.py", "def", "render", "deploy/x.py cannot be read"),
        ("build/x.jinja", "{{ _copier_conf.dst_path }}", "render", "Rendered twice with the same answers, build/x differs"),
        ("build/x.jinja", "{{ 1 // 0 }}", "render", "ZeroDivisionError"),
        ("deploy/pipeline.py", "import nothing_of_the_kind", "compile", "nothing_of_the_kind"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_and_named(folder, file, text, part, said):
    (folder / file).write_text(text)
    found = tried(folder, Case("edge", "ab", {"title": '"a": \'b'}, edge=True))
    assert not found[part].passed
    assert said in found[part].said
    assert list(found)[-1] == part


def test_tests_that_fail_are_told_with_their_last_words(tmp_path):
    (tmp_path / "test_no.py").write_text("def test_no():\n    assert 1 == 2, 'so it is'\n")
    with pytest.raises(BadInput, match="do not pass: pytest ended with code 1") as raised:
        check_tests(tmp_path, Python(str(demo_environment.python()), for_scripts()))
    assert "so it is" in str(raised.value)


def test_an_edge_answer_that_the_template_refuses_is_no_fault_of_its(folder):
    told = (folder / "copier.yml").read_text().replace(
        "title: {type: str,", "title: {type: str, validator: \"{% if '<' in title %}No markup.{% endif %}\","
    )  # fmt: skip
    (folder / "copier.yml").write_text(told)
    case = Case("edge", "ab", {"title": "<b>", "owner": "x"}, edge=True)
    assert all(outcome.passed for outcome in tried(folder, case).values())
    shutil.rmtree(folder.parent / "place")
    found = tried(folder, Case("declared", "ab", {"title": "<b>"}))
    assert "No markup" in found["render"].said


def test_a_template_that_asks_too_little_is_told(folder):
    (folder / "copier.yml").write_text((folder / "copier.yml").read_text().replace("shape:", "form:"))
    outcome = TemplateCheck(Template.read(folder, "lemonade"), Python("", {}), folder).questions()
    assert not outcome.passed
    assert "does not ask for shape" in outcome.said


def test_a_program_is_stopped_with_what_it_started(tmp_path):
    python = Python(sys.executable, {"ONLY": "this"})
    words = [
        "-c",
        "import os, subprocess, time; print(sorted(os.environ), flush=True); subprocess.run(['/bin/sleep', '60'])",
    ]
    ended = run(python, words, tmp_path, timeout_s=1.0)
    assert ended.code == 1
    assert "It took longer than 1 s" in ended.log
    assert "ONLY" in ended.out
    assert "PATH" not in ended.out


def test_a_lock_that_the_team_makes_is_taken_as_made(folder):
    for role in ("build", "deploy"):
        (folder / role / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    found = tried(folder, Case("uv", "a-project", {"environment": "uv"}))
    assert found["compile"].passed, found["compile"].said
    assert not (folder.parent / "place" / "uv" / "build" / "uv.lock").exists()
