import json

import pytest
from pydantic import BaseModel

from spalje.errors import BadInput, Corrupt, StepFailed
from spalje.model.package import load, pack
from spalje.pipeline.problem import Problem

PROBLEM = Problem(
    type="regression", target="units", features=("lag_7", "store"), keys=("store", "day"), time="day"
)


@pytest.fixture
def repository(tmp_path):
    source = tmp_path / "repository" / "src"
    for name in (
        "inference.py",
        "features.py",
        "deep/tables.py",
        ".env",
        ".git/HEAD",
        "__pycache__/inference.pyc",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    model = tmp_path / "trained" / "parts"
    model.mkdir(parents=True)
    (model / "model.txt").write_text("weights")
    return tmp_path


def packed(repository, **given):
    out = repository / "package"
    out.mkdir()
    script = given.get("script", repository / "repository/src/inference.py")
    pack(given.get("model_dir", repository / "trained"), script, PROBLEM, out)
    return out


def test_a_package_holds_model_code_and_problem(repository):
    out = packed(repository)
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert files == [
        "code/deep/tables.py",
        "code/features.py",
        "code/inference.py",
        "model/parts/model.txt",
        "package.json",
    ]
    assert json.loads((out / "package.json").read_text()) == {
        "format": 1,
        "script": "inference.py",
        "problem": PROBLEM.model_dump(mode="json"),
    }


def test_what_was_packed_is_loaded(repository):
    package = load(packed(repository))
    assert package.script == "inference.py"
    assert Problem.model_validate(package.problem) == PROBLEM
    assert package.signature.features == ("lag_7", "store")


def test_training_that_wrote_no_model_is_an_error(repository):
    (repository / "empty" / "checkpoints").mkdir(parents=True)
    with pytest.raises(StepFailed, match="wrote no model") as failure:
        packed(repository, model_dir=repository / "empty")
    assert "SM_MODEL_DIR" in failure.value.do


def test_a_script_that_is_not_there_is_named_with_what_may_have_been_meant(repository):
    with pytest.raises(
        BadInput, match=r"no inference script inferense.py in src/. Did you mean inference.py\?"
    ):
        packed(repository, script=repository / "repository/src/inferense.py")


def test_a_folder_without_package_json_is_no_package(repository):
    with pytest.raises(BadInput, match="not a packaged model"):
        load(repository)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"format": 2}, BadInput, "format 2.*reads format 1"),
        ({"problem": {"features": []}}, Corrupt, "problem|features"),
        ({"script": "../model/parts/model.txt"}, Corrupt, "not in code/"),
        ({"script": "predict.py"}, Corrupt, "predict.py"),
        ({"more": 1}, Corrupt, "more"),
    ],
)
def test_a_package_that_says_something_else_is_refused(repository, change, error, message):
    out = packed(repository)
    content = json.loads((out / "package.json").read_text())
    (out / "package.json").write_text(json.dumps(content | change))
    with pytest.raises(error, match=message):
        load(out)


def test_a_damaged_file_is_refused(repository):
    out = packed(repository)
    (out / "package.json").write_text("{")
    with pytest.raises(Corrupt):
        load(out)


def test_any_problem_with_a_signature_can_be_packed(repository):
    class Other(BaseModel):
        features: tuple[str, ...] = ("a",)

    out = repository / "other"
    out.mkdir()
    pack(repository / "trained", repository / "repository/src/inference.py", Other(), out)
    assert load(out).signature.prediction == "prediction"
