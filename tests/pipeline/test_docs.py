"""docs/recipe.md says what is so: its recipes compile, its tables name what there is."""

import inspect
import re
import sys
from pathlib import Path

import pytest

import spalje.pipeline
from spalje.pipeline import lint_recipe
from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.definition import ArtifactKind, ParameterType
from spalje.pipeline.kind import KINDS, MONITORS
from spalje.pipeline.lint import REPOSITORY_RULES, RULES
from spalje.pipeline.step import Step

PAGE = (Path(__file__).parents[2] / "docs" / "recipe.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"```python pipeline\.py\n(.*?)```", PAGE, re.DOTALL)
(TOML,) = re.findall(r"```toml spalje\.toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    ("recipe", "names"), [(RECIPES[0], ["build"]), (RECIPES[1], ["inference", "quality"])]
)
def test_the_recipes_of_the_page_compile(recipe, names, tmp_path):
    (tmp_path / "pipeline.py").write_text(recipe)
    (tmp_path / "spalje.toml").write_text(TOML)
    (tmp_path / "src").mkdir()
    for script in re.findall(r'"(src/\w+\.py)"', recipe):
        (tmp_path / script).touch()
    assert list(compile_recipe(tmp_path, (sys.executable,))) == names


def test_every_rule_is_on_the_page():
    rules = [*RULES, *REPOSITORY_RULES]
    rules += [
        rule
        for _, rule in inspect.getmembers(lint_recipe, inspect.isfunction)
        if rule.__module__ == lint_recipe.__name__
    ]
    for rule in rules:
        row = f"| {rule.__name__.replace('_', ' ')} | {inspect.getdoc(rule).splitlines()[0]} |"
        assert row in PAGE


def test_every_kind_is_on_the_page_with_its_ports():
    steps = [getattr(spalje.pipeline, name) for name in spalje.pipeline.__all__]
    steps = [step for step in steps if isinstance(step, type) and issubclass(step, Step)]
    assert {step.__name__.lower() for step in steps} == set(KINDS)
    for step in steps:
        (row,) = re.findall(rf"^\| `{step.__name__}` \|.*$", PAGE, re.MULTILINE)
        kind = KINDS[step.__name__.lower()]
        for port in [*kind.needs, *kind.may, *kind.gives]:
            assert f"`{port.removesuffix('_*') + 's' if port.endswith('_*') else port}`" in row


def test_every_word_of_a_list_is_on_the_page():
    words = [*ArtifactKind.__args__, *ParameterType.__args__, *MONITORS["check"]]
    assert [word for word in words if f"`{word}`" not in PAGE] == []
