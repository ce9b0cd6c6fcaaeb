"""Laws of rendering a template."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.project.template.catalog import Catalog
from spalje.project.template.template import render

lines = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=40)


def files(folder):
    return {
        path.relative_to(folder): (path.read_bytes(), path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


CATALOG = Catalog(Path("/nonexistent"), Path("/nonexistent"))


@pytest.mark.parametrize("role", ["build", "deploy"])
@pytest.mark.parametrize("template", CATALOG.all(), ids=lambda template: template.name)
@given(
    title=lines, owner=lines, name=st.from_regex(r"[a-z][a-z0-9-]{1,48}", fullmatch=True), turn=st.booleans()
)
@settings(max_examples=2, deadline=None)
def test_rendering_twice_with_the_same_answers_gives_the_same_bytes(template, role, title, owner, name, turn):
    answers = {"title": title, "owner": owner}
    again = dict(reversed(answers.items())) if turn else answers
    with tempfile.TemporaryDirectory() as folder:
        render(template, name, role, answers, Path(folder) / "first")
        render(template, name, role, again, Path(folder) / "second")
        first = files(Path(folder) / "first")
        assert first == files(Path(folder) / "second")
        assert Path(".copier-answers.yml") in first
