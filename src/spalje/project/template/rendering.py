"""Rendering, from checked answers to checked files."""

import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spalje.errors import BadInput, UsageError
from spalje.project.hook import Role
from spalje.project.template.copier_file import read_copier_file
from spalje.project.template.may_run import check_trust
from spalje.project.template.question import check_answers
from spalje.project.template.renderer import TRUSTED, Limits, Renderer, renderer
from spalje.project.template.snapshot import is_gits
from spalje.project.template.template import Template, check_name

#: Every answer, in the rendered repository: what an update starts from.
ANSWERS = ".copier-answers.yml"

_HEAD = "# Written by the template. Keep it: an update of this repository starts from these answers.\n"
_MOST_FILES = 5_000
_USUAL = Limits()
_SUBDIRECTORY = re.compile(r"\{\{\s*repository\s*\}\}")


def rendered(
    template: Template,
    project: str,
    repository: Role,
    answers: Mapping[str, Any],
    folder: Path,
    *,
    recorded: bool = False,
    limits: Limits | None = None,
    program: Renderer | None = None,
) -> dict[str, Any]:
    """See ``spalje.project.template.template.render``.

    Args:
        template, project, repository, answers, folder: as there.
        recorded: as for ``spalje.project.template.question.check_answers``.
        limits: what the rendering may use; None: the usual.
        program: what renders; None: the one of this process.

    Raises:
        Refused: the template would run programs and is not trusted.
        NotFound, UsageError, BadInput: see ``render``.
    """
    check_name("project", project)
    if folder.exists() or folder.is_symlink():
        raise BadInput(f"{folder} is there already.", do="Render into a folder that is not there yet.")
    given = check_answers(template, answers, recorded=recorded)
    check_trust(template)
    _check_shape(template, repository)
    ours = {
        "project": project,
        "repository": repository,
        "template": template.name,
        "template_version": template.version,
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        target = aside / folder.name
        limits = limits or (TRUSTED if template.trusted else _USUAL)
        told = _ask(template, {**given, **ours}, target, limits, program)
        hidden = [name for name in told["hidden"] if name in given]
        if hidden and not recorded:
            raise UsageError(
                f"The template does not ask '{hidden[0]}' together with these answers.",
                do="Leave it out, or answer the others otherwise.",
            )
        if hidden:
            left = {name: value for name, value in given.items() if name not in hidden}
            shutil.rmtree(target, ignore_errors=True)
            told = _ask(template, {**left, **ours}, target, limits, program)
        if not target.is_dir():
            raise _refusal(template, "it gives no files")
        check_files(target, template)
        found = {**told["answers"], **ours}
        _write_answers(target / ANSWERS, found)
        target.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return found


def check_files(folder: Path, template: Template) -> None:
    """Refuse what a template must not give: links that lead out, Git's own files, devices, masses.

    Args:
        folder: the rendered files.
        template: where they are from, for the message.

    Raises:
        BadInput: there is such a file; names it.
    """

    def refuse(path: Path, what: str) -> BadInput:
        name = ascii(str(path.relative_to(folder)))[1:-1]
        return _refusal(template, f"its file {name} {what}")

    counted = size = 0
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        counted, size = counted + 1, size + path.lstat().st_size
        if is_gits(Path(path.name)):
            raise refuse(path, "is Git's own")
        if not path.name.isprintable():
            raise refuse(path, "has a name that cannot be read")
        if stat.S_ISLNK(mode):
            aim = Path(os.path.normpath(path.parent / path.readlink()))
            if path.readlink().is_absolute() or not aim.is_relative_to(folder):
                raise refuse(path, f"is a link that leads out, to {path.readlink()}")
        elif not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise refuse(path, "is no file")
        if counted > _MOST_FILES or size > _USUAL.tree_bytes:
            raise _refusal(
                template, f"it gives more than {_MOST_FILES:,} files or {_USUAL.tree_bytes:,} bytes"
            )


def _check_shape(template: Template, repository: Role) -> None:
    """The files of a repository stand in the folder that is called as it, and nowhere else."""
    told = read_copier_file(template.folder)
    if not _SUBDIRECTORY.fullmatch(str(told.get("_subdirectory", ""))):
        raise _refusal(template, 'copier.yml must say _subdirectory: "{{ repository }}"')
    source = template.folder / repository
    if source.is_symlink() or not source.is_dir():
        raise _refusal(template, f"it has no folder {repository}/")


def _ask(
    template: Template, data: Mapping[str, Any], target: Path, limits: Limits, program: Renderer | None
) -> dict[str, Any]:
    """Have it rendered; what the program said."""
    job = {"template": str(template.folder), "folder": str(target), "data": dict(data)}
    told = (program or renderer(os.getpid(), trusted=template.trusted)).ask(job, limits)
    if "error" not in told:
        return told
    said = " ".join(str(told["error"]).replace(str(target), "the repository").split())[:600]
    wrong = re.search(r"(?:Validation error for question|Invalid choice for) '(\w+)': (.*)", said)
    if wrong and wrong[1] in data:
        raise UsageError(
            f"The {wrong[1]} {data[wrong[1]]!r} cannot be used: {wrong[2]}",
            do=f"Give another: --answer {wrong[1]}=…",
        )
    raise _refusal(template, said)


def _refusal(template: Template, what: str) -> BadInput:
    return BadInput(
        f"Template '{template.name}' {template.version} cannot be rendered: {what.rstrip('.')}.",
        do=f"Mend it in {template.folder}, or ask {template.owner}.",
    )


def _write_answers(file: Path, answers: Mapping[str, Any]) -> None:
    if file.is_symlink() or file.is_file():
        file.unlink()
    lines = [
        f"{name}: {json.dumps(answers[name], ensure_ascii=False)}\n"
        for name in sorted(answers, key=str.lower)
    ]
    file.write_text(_HEAD + "".join(lines), encoding="utf-8")
    file.chmod(0o644)
