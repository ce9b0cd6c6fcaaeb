"""Where a run finds what it reads: what is given, else where the workspace has it, else what the repository says."""

import textwrap
from pathlib import Path

import pytest
import small_project

from spalje.errors import BadInput
from spalje.execution.order import Order
from spalje.workspace import Workspace

PLACES = ("given", "ours", "theirs")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of a workspace with a project whose input is in three places, which say who they are."""
    for name in PLACES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "who.txt").write_text(name)
    project = textwrap.dedent(small_project.FILES["spalje.toml"])
    toml = f'{project}\n[inputs]\nraw = "{tmp_path / "theirs"}"\n'
    return small_project.create(tmp_path, {"spalje.toml": toml}).folder


def read(place: Path, given: dict[str, str] | None = None, settings: str = "") -> str:
    """Who the input of a run turns out to be."""
    (place / "settings.toml").write_text(settings)
    workspace = Workspace.open(place)
    run = workspace.starter.start(Order("small", "build", "tests", inputs=given or {}))
    workspace.metadata.close()
    return (workspace.artifacts.open(run.inputs["raw"]) / "who.txt").read_text()


def test_what_is_given_goes_before_the_workspace_and_that_before_the_repository(place: Path) -> None:
    ours = f'[inputs.small]\nraw = "{place.parent / "ours"}"\nwhat-no-pipeline-has = "/nowhere"\n'
    given = {"raw": str(place.parent / "given")}
    assert read(place) == "theirs"
    assert read(place, settings=ours) == "ours"
    assert read(place, given, ours) == "given"
    assert read(place, given) == "given"


def test_what_is_said_of_another_project_does_not_matter(place: Path) -> None:
    assert read(place, settings='[inputs.large]\nraw = "/nowhere"\n') == "theirs"


def test_a_relative_path_starts_at_the_workspace(place: Path) -> None:
    (place.parent / "ours").rename(place / "data")
    assert read(place, settings='[inputs.small]\nraw = "data"\n') == "ours"


def test_a_place_where_nothing_is_is_named(place: Path) -> None:
    with pytest.raises(BadInput, match="There is no file or folder /nowhere/at/all"):
        read(place, settings='[inputs.small]\nraw = "/nowhere/at/all"\n')
