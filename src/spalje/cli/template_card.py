"""How a template is shown: its card, its questions, and what it may run."""

import json
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from spalje.cli.options import Common
from spalje.cli.output import console, plain, print_json, table
from spalje.project.template.catalog import Catalog
from spalje.project.template.may_run import may_run
from spalje.project.template.question import Question
from spalje.project.template.template import Template
from spalje.workspace import MARK


def catalog_of(common: Common) -> Catalog:
    """The workspace's catalog; what comes with Spaljé where there is no workspace yet."""
    folder = common.folder.expanduser().absolute()
    if (folder / MARK).is_file():
        return common.open().projects.catalog
    return Catalog(folder / "catalog.toml", folder / "git" / ".catalog")


def as_json(template: Template) -> dict[str, Any]:
    """A template for machines."""
    told: dict[str, Any] = plain(template)
    return {**told, "folder": str(template.folder)}


def print_card(template: Template, versions: Sequence[str], *, as_json_: bool = False) -> None:
    """Print what a template is, what it asks, and what it may run.

    Raises:
        BadInput: its ``copier.yml`` cannot be read.
    """
    runs, asked = may_run(template.folder), template.questions
    if as_json_:
        told = {**as_json(template), "versions": versions, "questions": asked, "may_run": runs}
        print_json(told)
        return
    out = console()
    out.print(Text.assemble((template.name, "bold"), f" {template.version}", (f"  {template.source}", "dim")))
    out.print(Text(template.description))
    out.print()
    others = [version for version in versions if version != template.version]
    rows = [("owner", template.owner)]
    rows += [("other versions", ", ".join(reversed(others)))] if others else []
    rows += [
        ("seen by", ", ".join(template.teams) or "everybody"),
        ("trusted", _trust(template.trusted, bool(runs))),
    ]
    rows += list(runs.lines) or [("runs", "nothing")]
    out.print(table(("", ""), rows))
    out.print()
    out.print(table(("it asks", "answer", "default", "about"), [_row(question) for question in asked]))


def _trust(trusted: bool, runs: bool) -> str:
    if trusted:
        return "yes: it may run programs while it is rendered"
    return "no: it wants to run programs, and is refused" if runs else "no: it may only write text"


def _row(question: Question) -> tuple[str, str, str, str]:
    if question.choices:
        answer = " | ".join(str(choice) for choice in question.choices)
        answer += " (several)" if question.many else ""
    else:
        answer = {"str": "text", "int": "whole number", "float": "number", "bool": "true | false"}.get(
            question.type, question.type
        )
    default = question.default
    shown = "–" if default is None else default if isinstance(default, str) else json.dumps(default)
    when = f" (when {question.when})" if question.when is not True else ""
    return question.name, answer, " ".join(str(shown).split()), question.help + when
