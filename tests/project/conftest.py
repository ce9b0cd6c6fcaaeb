"""A tiny template under the real one's settings, and a recorder that stands where Spaljé stands in a hook."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from spalje.project.git import Author
from spalje.project.git_hosts.embedded import EmbeddedHost
from spalje.project.hook import HookSpec
from spalje.project.template.catalog import Template

ADA = Author("Ada Lovelace", "ada@example.org")

TINY = """\
_subdirectory: "{{ repository }}"
_exclude: ["__pycache__", "*.py[co]"]
project: {type: str}
title: {type: str, default: "{{ project | replace('-', ' ') | capitalize }}"}
owner: {type: str, default: nobody yet}
repository: {type: str, choices: [build, deploy]}
template: {type: str, default: tiny}
template_version: {type: str, default: unreleased}
"""


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A folder with one template, ``tiny``, that asks what every template asks and no more."""
    tiny = tmp_path / "templates" / "tiny"
    for role in ("build", "deploy"):
        (tiny / role / "src").mkdir(parents=True)
        (tiny / role / "README.md.jinja").write_text("# {{ title }} ({{ repository }} of {{ project }})\n")
        (tiny / role / "src" / "plain.py").write_text("x = f'{{not rendered}}'\n")
        (tiny / role / "src" / "run.sh").write_text("#!/bin/sh\n")
        (tiny / role / "src" / "run.sh").chmod(0o755)
        (tiny / role / ".gitignore").write_text("*.log\n")
        (tiny / role / "src" / "__pycache__").mkdir()
        (tiny / role / "src" / "__pycache__" / "plain.pyc").write_text("no")
    (tiny / "copier.yml").write_text(TINY)
    (tiny / "template.toml").write_text('description = "Tiny."\nowner = "Us"\nversion = "0.1.0"\n')
    return tiny.parent


@pytest.fixture
def tiny(templates: Path) -> Template:
    return Template.read(templates / "tiny", "tiny")


@pytest.fixture
def host(tmp_path: Path) -> EmbeddedHost:
    return EmbeddedHost(tmp_path / "it's a workspace" / "git")


@dataclass(frozen=True)
class Recorder:
    """A program for a hook to call, and what it was called with."""

    hook: HookSpec
    file: Path

    @property
    def calls(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    script = tmp_path / 'a recorder\'s "script".py'
    file = tmp_path / "calls.jsonl"
    script.write_text(
        "import json, sys\n"
        "lines = sys.stdin.read().splitlines()\n"
        "with open(sys.argv[1], 'a') as file:\n"
        "    file.write(json.dumps({'words': sys.argv[2:], 'lines': lines}) + '\\n')\n"
        "print('recorded')\n"
    )
    return Recorder(HookSpec((sys.executable, str(script), str(file), "$HOME `id` ;")), file)
