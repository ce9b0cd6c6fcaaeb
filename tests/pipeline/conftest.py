"""A small repository with a recipe that compiles, for tests to spoil."""

import sys
from pathlib import Path

import pytest

from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.definition import Definition

SPALJE_TOML = """\
[project]
name = "fresh-produce"
title = "Fresh produce"
owner = "Greens"

[problem]
type = "regression"
target = "units"
features = ["price", "lag_7"]
keys = ["store", "day"]
time = "day"
season = "weekday"

[inputs]
journey = "data/journey"
"""

RECIPE = """\
from spalje.pipeline import Baseline, Evaluate, Input, Parameter, Pipeline
from spalje.pipeline import Process, Register, Train, Transform

journey = Input("journey", kind="folder", help="Raw files.")
today = Parameter("today", type="date", help="The first day to predict.")
rounds = Parameter("rounds", type="integer", default=100)

preprocess = Process(
    "preprocess",
    script="src/preprocess.py",
    inputs={"journey": journey},
    outputs={"train": "table", "evaluation": "table"},
    parameters={"today": today, "stores": 60},
)
train = Train(
    "train",
    script="src/train.py",
    inference="src/inference.py",
    channels={"train": preprocess["train"]},
    hyperparameters={"rounds": rounds, "depth": {"of": [1, rounds]}},
    metrics={"validation-rmse": r"rmse: ([0-9.]+)"},
)
transform = Transform("transform", model=train["model"], data=preprocess["evaluation"])
evaluate = Evaluate(
    "evaluate",
    script="src/evaluate.py",
    predictions=transform,
    inputs={"truth": preprocess["evaluation"]},
)
normal = Baseline("normal", monitor="data_quality", data=preprocess["train"])
good = Baseline("good", monitor="model_quality", predictions=transform)
register = Register(
    "register",
    model=train["model"],
    evaluation=evaluate,
    baselines=[normal, good],
    when=evaluate.metric("wape") < 0.9,
)
build = Pipeline("build", steps=[preprocess, train, transform, evaluate, normal, good, register])
"""

SCRIPTS = ("preprocess", "train", "inference", "evaluate")


def write(folder: Path) -> Path:
    (folder / "src").mkdir(parents=True)
    for name in SCRIPTS:
        (folder / "src" / f"{name}.py").write_text("print()\n")
    (folder / "spalje.toml").write_text(SPALJE_TOML)
    (folder / "pipeline.py").write_text(RECIPE)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose recipe compiles."""
    return write(tmp_path / "repository")


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Definition, Path]:
    """The definition of that recipe, and its repository; both to be left as they are."""
    folder = write(tmp_path_factory.mktemp("good") / "repository")
    return compile_recipe(folder, (sys.executable,))["build"], folder
