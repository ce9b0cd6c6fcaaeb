"""CI files: each against its host's published schema, with the strictness that the schemas lack."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from variants import ROLES, VARIANTS, label

LABELS = [label(variant) for variant in VARIANTS]

#: What Bitbucket's documentation has for a step; its published schema accepts any key.
BITBUCKET_STEP = {
    "name", "image", "script", "after-script", "caches", "artifacts", "services", "size", "max-time", "condition",
    "deployment", "environment", "trigger", "oidc", "runs-on", "clone", "fail-fast", "output-variables", "on-fail", "runtime",
}  # fmt: skip

#: file -> the schema that check-jsonschema carries with it; Gitea's workflows are GitHub's
SCHEMAS = {
    "bitbucket-pipelines.yml": "vendor.bitbucket-pipelines",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    ".github/workflows/*.yml": "vendor.github-workflows",
    ".gitea/workflows/*.yml": "vendor.github-workflows",
}


def check(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    more = ["--data-transform", "gitlab-ci"] if schema == "vendor.gitlab-ci" else []
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *more, *map(str, files)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def bitbucket_steps(told):
    """Every step of a Bitbucket file, wherever it stands."""
    if isinstance(told, dict):
        for key, value in told.items():
            if key == "step":
                yield value
            yield from bitbucket_steps(value)
    elif isinstance(told, list):
        for each in told:
            yield from bitbucket_steps(each)


def commands_of(told, inside=False):
    """Every command of a CI file."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield from commands_of(value, key in ("run", "script"))
    elif isinstance(told, list):
        for each in told:
            yield from commands_of(each, inside)
    elif inside:
        yield told


@pytest.fixture(scope="module")
def files(rendered):
    """pattern -> every rendered file of every variant."""
    folders = [rendered(variant, role) for variant in LABELS for role in ROLES]
    return {
        pattern: [file for folder in folders for file in sorted(folder.glob(pattern))] for pattern in SCHEMAS
    }


@pytest.mark.parametrize("pattern", SCHEMAS)
def test_every_file_is_what_its_host_publishes(files, pattern):
    assert len(files[pattern]) >= len(LABELS) * len(ROLES)
    checked = check(SCHEMAS[pattern], *files[pattern])
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("pattern", "right", "wrong"),
    [
        ("bitbucket-pipelines.yml", "- step: *test", "- stepp: *test"),
        (".gitlab-ci.yml", "  script:", "  scripts:"),
        (".github/workflows/*.yml", "runs-on:", "run-on:"),
        (".gitea/workflows/*.yml", "steps:", "step:"),
    ],
)
def test_a_misspelt_key_is_refused(files, tmp_path, pattern, right, wrong):
    text = files[pattern][0].read_text()
    assert right in text
    file = tmp_path / files[pattern][0].name
    file.write_text(text.replace(right, wrong))
    assert check(SCHEMAS[pattern], file).returncode == 1


def test_bitbucket_steps_have_known_keys(files):
    for file in files["bitbucket-pipelines.yml"]:
        told = yaml.safe_load(file.read_text())
        assert {key for step in bitbucket_steps(told) for key in step} <= BITBUCKET_STEP, file
        assert set(told) <= {"image", "definitions", "pipelines"}
        assert set(told["pipelines"]) <= {"default", "branches", "custom"}


def test_the_strictness_for_bitbucket_finds_a_misspelt_step(files):
    told = yaml.safe_load(files["bitbucket-pipelines.yml"][0].read_text().replace("caches:", "cache:"))
    assert not {key for step in bitbucket_steps(told) for key in step} <= BITBUCKET_STEP


@pytest.mark.parametrize("pattern", SCHEMAS)
def test_values_from_outside_are_never_part_of_a_command(files, pattern):
    for file in files[pattern]:
        for command in commands_of(yaml.safe_load(file.read_text())):
            assert "${{" not in command, file
            bare = re.sub(r'"[^"]*"', '""', command)
            assert "$" not in bare, f"{file}: {command}"


@pytest.mark.parametrize("host", ["bitbucket", "gitlab", "github", "gitea"])
def test_an_approval_starts_the_promotion_and_a_push_does_not(rendered, host):
    folder = rendered("regression-pipeline", "deploy")
    if host == "bitbucket":
        pipelines = yaml.safe_load((folder / "bitbucket-pipelines.yml").read_text())["pipelines"]
        variables, job = pipelines["custom"]["promote"]
        assert [each["name"] for each in variables["variables"]] == ["SPALJE_MODEL_VERSION", "SPALJE_STATUS"]
        commands = job["step"]["script"]
        assert "model show" not in str(pipelines["default"])
    elif host == "gitlab":
        job = yaml.safe_load((folder / ".gitlab-ci.yml").read_text())["promote"]
        assert job["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "api" && $SPALJE_STATUS'}]
        commands = job["script"]
    else:
        told = yaml.safe_load((folder / f".{host}" / "workflows" / "promote.yml").read_text())
        trigger = told[True]  # what YAML makes of `on`
        if host == "github":
            assert trigger == {"repository_dispatch": {"types": ["spalje-approval"]}}
        else:
            assert list(trigger["workflow_dispatch"]["inputs"]) == ["SPALJE_MODEL_VERSION", "SPALJE_STATUS"]
        job = told["jobs"]["promote"]
        assert {"SPALJE_MODEL_VERSION", "SPALJE_STATUS", "SPALJE_WORKSPACE"} == set(job["env"])
        commands = [step["run"] for step in job["steps"] if "run" in step]
    words = [shlex.split(command) for command in commands]
    assert ["spalje", "pipeline", "compile"] in words
    assert ["spalje", "model", "show", "--", "$SPALJE_MODEL_VERSION"] in words


@pytest.mark.parametrize("role", ROLES)
def test_the_image_installs_what_the_repository_says_and_runs_as_nobody_in_particular(rendered, role):
    folder = rendered("forecasting-pipeline", role)
    lines = (folder / "Dockerfile").read_text().splitlines()
    assert "ARG PYTHON_IMAGE=python:3.11-slim" in lines
    assert [line.split()[1:] for line in lines if line.startswith("COPY")] == [
        ["pyproject.toml", "uv.loc[k]", "./"]
    ]
    assert "USER spalje" in lines
    assert "pyarrow" in (folder / "pyproject.toml").read_text()
    assert [line for line in (folder / ".dockerignore").read_text().splitlines() if line[0] in "*!"] == [
        "*",
        "!pyproject.toml",
        "!uv.lock",
    ]
