"""What is rendered: sound recipes, the same files where they must be the same, and nothing left of the template."""

import ast
import re
import runpy
import sys
import tomllib
from itertools import product

import pytest
import yaml
from variants import ROLES, SHAPES, TEMPLATES, VARIANTS, label, render

from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.outline import OUTLINE, written
from spalje.project.template.catalog import shipped

LABELS = [label(variant) for variant in VARIANTS]

#: What the templates share word for word: each stands alone, so each has its copy.
SHARED = (
    "answers.yml.jinja",
    "build/tests/{% if shape == 'core' %}tiny_data.py{% endif %}",
    *(
        f"{role}/{name}"
        for role in ROLES
        for name in (
            ".dockerignore",
            ".gitignore",
            ".gitlab-ci.yml.jinja",
            "Dockerfile",
            "bitbucket-pipelines.yml.jinja",
            f".github/workflows/{role}.yml.jinja",
            f".gitea/workflows/{role}.yml.jinja",
            "{{ _copier_conf.answers_file }}.jinja",
        )
    ),
    "deploy/.github/workflows/promote.yml.jinja",
    "deploy/.gitea/workflows/promote.yml.jinja",
    "deploy/.airflowignore",
    "deploy/tests/test_dags.py",
)
#: What the two templates about households share.
HOUSEHOLDS = (
    "build/src/purchases.py",
    "build/src/features.py",
    "build/src/preprocess.py",
    "build/tests/small_world.py",
    "build/tests/test_features.py",
    "build/tests/conftest.py.jinja",
    "build/tests/{% if shape == 'pipeline' %}tiny_data.py{% endif %}",
    "deploy/src/delivery.py",
    "deploy/src/ground_truth.py",
    "deploy/src/preprocess.py",
    "deploy/tests/{% if shape == 'core' %}test_build_tables.py{% endif %}",
)


@pytest.mark.parametrize("file", SHARED)
def test_what_templates_share_is_the_same_everywhere(file):
    assert len({(shipped() / name / file).read_bytes() for name in TEMPLATES}) == 1


@pytest.mark.parametrize("file", HOUSEHOLDS)
def test_what_the_templates_about_households_share_is_the_same(file):
    one, other = ((shipped() / name / file).read_bytes() for name in ("regression", "classification"))
    assert one == other


def test_every_template_asks_the_same():
    asked = {name: yaml.safe_load((shipped() / name / "copier.yml").read_text()) for name in TEMPLATES}
    for name, told in asked.items():
        assert told["template"].pop("default") == name
        told.pop("_exclude")
        assert (told.pop("problem", None) is not None) == (name == "classification")
    assert all(told == asked["forecasting"] for told in asked.values())


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_card_and_the_changelog_say_the_same_version(name):
    card = tomllib.loads((shipped() / name / "template.toml").read_text())
    versions = re.findall(r"^## (\S+)$", (shipped() / name / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == card["version"]
    assert card["check"]["data"] == "tests/tiny_data.py"


@pytest.mark.parametrize("variant", LABELS)
@pytest.mark.parametrize("role", ROLES)
def test_recipes_compile_and_files_look_as_written_by_hand(rendered, variant, role):
    folder = rendered(variant, role)
    core = "-core" in variant
    definitions = compile_recipe(folder, (sys.executable,))
    wanted = {"build"} if role == "build" else {"inference", "quality"} | (set() if core else {"truth"})
    assert set(definitions) == wanted
    kinds = {step.kind for definition in definitions.values() for step in definition.steps}
    assert ("process" in kinds) != core
    for file in (path for path in folder.rglob("*") if path.is_file()):
        text = file.read_text()
        assert "{%" not in text, file
        assert text.endswith("\n"), file
        assert not text.startswith("\n"), file
        assert "\n\n\n\n" not in text, file
        assert not re.search(r"\{\{(?! *(vars|inputs|github|params|macros|dag_run)\b)", text), file
        if file.suffix == ".py":
            ast.parse(text)
        else:
            assert "\n\n\n" not in text, file
    dags = {path.name for path in folder.glob("dags/*")}
    assert dags == ({"lemonade.py", "pipelines.json"} if role == "deploy" else set())
    if role == "deploy":
        assert (folder / OUTLINE).read_text() == written(definitions.values())
    assert ("slim core" in (folder / "README.md").read_text()) == core


@pytest.mark.parametrize("variant", [one for one in LABELS if "-core" not in one])
def test_features_are_made_by_the_same_code_on_both_sides(rendered, variant):
    build, deploy = (rendered(variant, role) / "src" for role in ROLES)
    same = {path.name for path in build.glob("*.py")} & {path.name for path in deploy.glob("*.py")}
    assert {"columns.py", "features.py"} <= same
    assert all(
        (build / name).read_bytes() == (deploy / name).read_bytes() for name in same - {"preprocess.py"}
    )


@pytest.mark.parametrize("variant", LABELS)
def test_the_project_file_names_the_columns_of_the_code(rendered, variant):
    build, deploy = (rendered(variant, role) for role in ROLES)
    problems = [tomllib.loads((each / "spalje.toml").read_text())["problem"] for each in (build, deploy)]
    assert problems[0] == problems[1]
    columns = runpy.run_path(str(build / "src" / "columns.py"))
    found = (columns["KEYS"], columns["TARGET"], columns["CATEGORICAL"])
    assert found == (problems[0]["keys"], problems[0]["target"], problems[0]["categorical"])


@pytest.mark.parametrize("environment", ["current", "uv", "container"])
def test_the_environment_is_the_one_that_was_asked_for(tmp_path, environment):
    folder = render("regression", "build", {"environment": environment}, tmp_path / "out")
    assert tomllib.loads((folder / "spalje.toml").read_text())["project"]["environment"] == environment
    assert ("Before the first build" in (folder / "README.md").read_text()) == (environment == "uv")


@pytest.mark.parametrize(
    "answers", [{"shape": "round"}, {"environment": "conda"}, {"title": "x" * 101}, {"owner": "a\nb"}]
)
def test_an_answer_that_is_not_allowed_is_refused(tmp_path, answers):
    with pytest.raises(ValueError, match=r"Validation error|Invalid"):
        render("regression", "build", answers, tmp_path / "out")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_title_full_of_quotes_stays_a_title(tmp_path, name, role):
    title = "\"'''\\ {{ 7 }} ${x} `id` #"
    folder = render(name, role, {"title": title, "shape": SHAPES[1]}, tmp_path / "out")
    assert tomllib.loads((folder / "spalje.toml").read_text())["project"]["title"] == title
    for file in folder.rglob("*.py"):
        ast.parse(file.read_text())


def test_the_demo_s_environment_has_all_that_a_template_s_scripts_and_tests_need(tmp_path):
    """They run in it from the first push on."""
    ours = tomllib.loads((shipped().parent / "pyproject.toml").read_text())["project"]
    there = names([*ours["dependencies"], *ours["optional-dependencies"]["demo"]])
    for name, role in product(TEMPLATES, ROLES):
        folder = render(name, role, {}, tmp_path / name / role)
        theirs = tomllib.loads((folder / "pyproject.toml").read_text())
        assert names([*theirs["project"]["dependencies"], *theirs["dependency-groups"]["dev"]]) <= there


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9-]", one)[0].lower() for one in requirements}
