from dataclasses import replace
from datetime import UTC, datetime

import pytest

from spalje.errors import BadInput
from spalje.registry.project import Project

GOOD = Project("fresh", "", "", "", "", "", "", (), False, "auto", datetime(2026, 1, 1, tzinfo=UTC), "eva")


@pytest.mark.parametrize("name", ["fresh-produce", "A", "a_1", "x" * 64])
def test_names_that_are_allowed(name: str):
    assert replace(GOOD, name=name).name == name


@pytest.mark.parametrize("name", ["", "a/b", "..", "-a", "a b", "a\n", "é", "x" * 65, "a:b", ".hidden"])
def test_names_that_are_not(name: str):
    with pytest.raises(BadInput, match="cannot be called"):
        replace(GOOD, name=name)


def test_retrain_policies():
    with pytest.raises(BadInput, match="auto, propose, never"):
        replace(GOOD, retrain="sometimes")
