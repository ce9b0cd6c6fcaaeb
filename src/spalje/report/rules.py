"""What other rules say of a batch, beside ours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spalje.monitor.wording import rows
from spalje.report.figures import Figures
from spalje.report.label import isolated, label
from spalje.report.value import distance

#: Columns named in a line.
NAMED = 12
#: A PSI above this and a p-value of KS below that are commonly taken for drift.
PSI, KS = 0.2, 0.05


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it is called, what it says in a word or few, and of which columns."""

    name: str
    says: str
    columns: str


def sagemaker_checks(figures: Figures) -> list[Rule]:
    """Model Monitor's checks that found something, each with its columns."""
    found: dict[str, list[str | None]] = {}
    for check, column in figures.sagemaker.violations:
        found.setdefault(check, []).append(column)
    return [
        Rule(label(check), _times(len(columns)), _named([name for name in columns if name is not None]))
        for check, columns in found.items()
    ]


def compared_rules(figures: Figures) -> list[Rule]:
    """PSI, KS and Evidently's rules, as far as they were computed."""
    compared = figures.drift.compared if figures.drift else None
    psi = compared.psi if compared else _from_columns(figures)
    said = []
    if psi:
        high = sorted(((size, name) for name, size in psi.items() if size is not None), reverse=True)
        columns = [f"{_name(name)} ({distance(size)})" for size, name in high if size > PSI]
        said.append(Rule(f"PSI above {PSI:g}", _columns(len(columns)), _listed(columns)))
    if compared and compared.evidently is not None:
        names = compared.evidently.columns
        says = (
            f"{_columns(len(names))}; the table {'has' if compared.evidently.dataset else 'has not'} drifted"
        )
        said.append(Rule("Evidently's defaults", says, _named(names)))
    if compared and compared.ks:
        low = sorted((p, name) for name, p in compared.ks.items() if p is not None and p < KS)
        said.append(Rule(f"KS, p below {KS:g}", _columns(len(low)), _named([name for _, name in low])))
    return said


def _from_columns(figures: Figures) -> Mapping[str, float]:
    return {name: float(column["psi"]) for name, column in figures.columns.items() if "psi" in column}


def _name(name: str) -> str:
    return isolated(label(name, 40))


def _named(names: Iterable[str]) -> str:
    return _listed([_name(name) for name in names])


def _listed(names: list[str]) -> str:
    more = f" and {rows(len(names) - NAMED)} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _columns(number: int) -> str:
    return "no column" if not number else "1 column" if number == 1 else f"{rows(number)} columns"


def _times(number: int) -> str:
    return "1 finding" if number == 1 else f"{rows(number)} findings"
