"""What a repository says it was made from: its ``.copier-answers.yml``, read as data and believed only so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from spalje.errors import BadInput
from spalje.project import git_program
from spalje.project.hook import Role
from spalje.project.template.card import is_version
from spalje.project.template.plain_yaml import plain_yaml
from spalje.project.template.question import OURS
from spalje.project.template.rendering import ANSWERS

_LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class RecordedAnswers:
    """What a commit of a repository was rendered from.

    Attributes:
        version: the template's.
        answers: question -> answer, without those that Spaljé answers itself.
    """

    version: str
    answers: Mapping[str, Any]


def read_recorded_answers(
    repository: Path, commit: str, *, project: str, role: Role, template: str
) -> RecordedAnswers:
    """Read the answers in a commit.

    Args:
        repository: a bare repository.
        commit: its hash.
        project: whose repository it is.
        role: which of the two.
        template: what the project was made from.

    Raises:
        BadInput: the file is not there, is no plain mapping of a sensible size, or is about another project,
            repository or template.
    """
    told = _mapping(_content(repository, commit))
    for name, wanted in (("template", template), ("project", project), ("repository", role)):
        if told.get(name) != wanted:
            raise _refusal(
                f"says {name}: {_shown(told.get(name))}; the project was made with {name}: {wanted}"
            )
    version = told.get("template_version")
    if not isinstance(version, str) or not is_version(version):
        raise _refusal(f"says template_version: {_shown(version)}, which is no version")
    answers = {name: value for name, value in told.items() if name not in OURS and not name.startswith("_")}
    return RecordedAnswers(version, answers)


def _content(repository: Path, commit: str) -> bytes:
    listed = git_program.call(repository, "ls-tree", "-l", "-z", "--full-tree", commit, "--", ANSWERS)[1]
    if not listed:
        raise _refusal("is not there")
    mode, kind, blob, size = listed.split(b"\t")[0].decode().split()
    if kind != "blob" or not mode.startswith("100"):
        raise _refusal("is no plain file")
    if int(size) > _LARGEST:
        raise _refusal(f"is larger than {_LARGEST:,} bytes")
    return git_program.call(repository, "cat-file", "blob", blob)[1]


def _mapping(content: bytes) -> dict[str, Any]:
    try:
        told = plain_yaml(content.decode(), aliases=False)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise _refusal(f"cannot be read: {said}") from None
    if not isinstance(told, dict) or not all(isinstance(name, str) for name in told):
        raise _refusal("is not a mapping of names")
    return told


def _refusal(what: str) -> BadInput:
    return BadInput(
        f"{ANSWERS} in main {what}.",
        do=f"Take back the last good one, commit and push: git log -- {ANSWERS}",
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
