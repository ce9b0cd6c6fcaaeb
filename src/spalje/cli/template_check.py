"""``spalje template check``: try a template out before projects are made from it."""

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import cpu_count
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from spalje.cli.options import Common, person
from spalje.cli.output import console, print_json, seconds, table
from spalje.cli.template_card import catalog_of
from spalje.errors import BadInput, UsageError
from spalje.execution.environment.passed_on import for_scripts
from spalje.model.program import Python
from spalje.project.template.may_run import check_trust
from spalje.project.template.template import Template, check_name
from spalje.project.template_check.case import Case
from spalje.project.template_check.check import Outcome, TemplateCheck

_Flag = Annotated[bool, Parameter(negative="")]


def check(
    template: str,
    *,
    version: str | None = None,
    quick: _Flag = False,
    trust: _Flag = False,
    keep: Path | None = None,
    common: Common = Common(),
) -> int:
    """Try a template out: render it with many answers, compile, run its tests, and live a project through on tiny data.

    Args:
        template: the name of one in the catalog, or the path of a folder, such as ./my-template.
        version: which version; default: the newest.
        quick: only render and compile.
        trust: a template in a folder may run programs while it is rendered.
        keep: a folder that is not there yet; everything that was rendered and run stays in it.
    """
    found = _template(template, version, common, trust=trust)
    check_trust(found)
    with _place(keep) as folder:
        trial = TemplateCheck(found, Python(sys.executable, for_scripts()), folder, quick=quick)
        outcomes = [trial.questions(), *_all(trial, trial.cases)]
    passed = all(outcome.passed for outcome in outcomes)
    if common.json:
        told = {"template": found.name, "version": found.version, "passed": passed, "outcomes": outcomes}
        print_json(told)
    else:
        _print(found, outcomes, quick=quick)
    return 0 if passed else BadInput.exit_code


def _template(wanted: str, version: str | None, common: Common, *, trust: bool) -> Template:
    """The template of that name in the catalog, else the one in that folder."""
    folder = Path(wanted).expanduser()
    if "/" not in wanted and wanted not in (".", ".."):
        catalog = catalog_of(common)
        if not folder.is_dir() or wanted in {entry.name for entry in catalog.all(person())}:
            return catalog.find(wanted, person(), version)
    if version is not None:
        raise UsageError(f"{folder} is a folder and has one version.", do="Leave --version out.")
    folder = folder.resolve()
    name = folder.name.lower()
    try:
        check_name("template", name)
    except UsageError:
        name = "template"
    return Template.read(folder, name, trusted=trust, source=str(folder))


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="spalje-check-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    keep = keep.expanduser().absolute()
    if keep.exists():
        raise UsageError(f"{keep} is there already.", do="Name a folder that is not there yet.")
    keep.mkdir(parents=True)
    yield keep


def _all(trial: TemplateCheck, cases: tuple[Case, ...]) -> list[Outcome]:
    """All cases, as many at once as there are processors; how far it is stands on a terminal."""
    err = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(f"checking {trial.template.name}", total=len(cases))

        def one(case: Case) -> list[Outcome]:
            def tell(part: str) -> None:
                progress.update(task, description=f"{case.name[:40]}: {part}")

            outcomes = list(trial.outcomes(case, tell))
            progress.advance(task)
            return outcomes

        with ThreadPoolExecutor(max_workers=cpu_count() or 1) as pool:
            return [outcome for outcomes in pool.map(one, cases) for outcome in outcomes]


def _print(template: Template, outcomes: list[Outcome], *, quick: bool) -> None:
    out = console()
    by_case: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_case.setdefault(outcome.case, []).append(outcome)
    columns = ("render", "compile") if quick else ("render", "compile", "tests", "life")
    rows = [
        (case, *(_cell(column, parts) for column in columns))
        for case, parts in by_case.items()
        if case != "questions"
    ]
    out.print(table((f"{template.name} {template.version}", *columns), rows))
    bad = [outcome for outcome in outcomes if not outcome.passed]
    for part, said, do in dict.fromkeys((outcome.part, outcome.said, outcome.do) for outcome in bad):
        where = [outcome.case for outcome in bad if (outcome.part, outcome.said) == (part, said)]
        out.print()
        out.print(Text.assemble((f"{part} of {'; '.join(where)}", "bold red")))
        out.print(Text(said), soft_wrap=True)
        if do:
            out.print(Text.assemble(("do ", "bold green"), do), soft_wrap=True)
    out.print()
    if bad:
        out.print(f"{len(bad)} of {len(outcomes)} parts failed.")
    else:
        life = "" if quick or any(outcome.part.startswith("life") for outcome in outcomes) else _NO_LIFE
        out.print(f"All {len(outcomes)} parts passed.{life}", soft_wrap=True)


_NO_LIFE = (
    " No project was lived through: template.toml names no [check] data, which docs/templates.md explains."
)


def _cell(column: str, parts: list[Outcome]) -> Text:
    """How a part of a case ended, and how long it took."""
    those = [part for part in parts if part.part.partition(":")[0] == column]
    if not those:
        return Text("–", style="dim")
    took = seconds(sum(part.seconds for part in those))
    if all(part.passed for part in those):
        return Text(took, style="green")
    return Text(f"failed, {took}", style="red")
