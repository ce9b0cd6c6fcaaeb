"""The page of a report: HTML that needs nothing but itself, and no scripts."""

from dataclasses import dataclass

from markupsafe import Markup

from spalje.monitor.verdict import Violation
from spalje.monitor.wording import number, rows
from spalje.report.card import card, row
from spalje.report.certainty import OUTCOMES, certainty, slow_drift
from spalje.report.figures import Drift, Figures
from spalje.report.label import label, sentence
from spalje.report.report import Report
from spalje.report.rules import compared_rules, sagemaker_checks
from spalje.report.sheet import PAGES, STYLE, policy
from spalje.report.subject import Subject, subjects

#: Columns that get a figure, and rows of the table of the others: so large a page still opens at once.
DRAWN, LISTED = 50, 2000
#: Findings that are written out.
FINDINGS = 100
#: A table of the others no longer than this is printed, and is open where no column has a card.
SHORT = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence, and the number of the card that shows it; 0: none does."""

    sentence: str
    card: int


def page(report: Report) -> str:
    """The page of a report; see ``spalje.report.data_quality.html``."""
    figures = Figures.of(report.verdict)
    ordered = subjects(report, figures)
    large = [subject for subject in ordered[:DRAWN] if subject.found]
    small = ordered[len(large) :]
    places = {subject.name: place for place, subject in enumerate(large, 1)}
    blocking = [violation for violation in report.verdict.violations if violation.breach]
    others = [violation for violation in report.verdict.violations if not violation.breach]
    drift = figures.drift
    return PAGES.get_template(
        "data_quality.html"
    ).render(
        style=Markup(STYLE),  # noqa: S704  a file of ours
        policy=policy(STYLE),
        title=label(report.title, 120),
        outcome=str(report.verdict.outcome),
        outcome_word=OUTCOMES[report.verdict.outcome],
        summary=sentence(report.verdict.summary),
        certainty=certainty(figures),
        facts=_facts(report, figures, ordered),
        blocking=_findings(blocking, places),
        findings=_findings(others, places),
        more_findings=rows(max(0, len(others) - FINDINGS)),
        more_blocking=rows(max(0, len(blocking) - FINDINGS)),
        order=_order(report, drift),
        cards=[card(each, drift) for each in large],
        rows=[row(each, drift, drawn=place < DRAWN) for place, each in enumerate(small[:LISTED], len(large))],
        rest=len(small),
        left_out=rows(max(0, len(small) - LISTED)),
        short=len(small) <= SHORT,
        pairs=drift.pairs if drift else (),
        label=label,
        correlation="{:+.2f}".format,
        number=number,
        policy_name=figures.policy,
        found=len(report.verdict.violations),
        sagemaker=figures.sagemaker,
        checks=sagemaker_checks(figures),
        rules=compared_rules(figures),
    )


def _facts(report: Report, figures: Figures, ordered: tuple[Subject, ...]) -> list[tuple[str, str]]:
    said = [("Batch", label(report.name))] if report.name else []
    if report.at is not None:
        said.append(("Day", report.at.isoformat()))
    said += [
        ("Rows", rows(report.batch.rows)),
        ("Rows of the baseline", rows(report.baseline.rows)),
        ("Columns", f"{rows(len(ordered))}, {rows(sum(each.found for each in ordered))} with findings"),
    ]
    if figures.drift and figures.drift.slow:
        said.append(("Slow drift", slow_drift(figures.drift.slow)))
    if report.made_at is not None:
        said.append(
            ("Report made", f"{report.made_at:%Y-%m-%d %H:%M} {report.made_at.tzname() or ''}".strip())
        )
    return said


def _findings(violations: list[Violation], places: dict[str, int]) -> list[Finding]:
    return [
        Finding(sentence(violation.description), places.get(violation.column or "", 0))
        for violation in violations[:FINDINGS]
    ]


def _order(report: Report, drift: Drift | None) -> str:
    calibrated = drift is not None and drift.calibrated
    how = "how unusual its distance is" if calibrated else "how far it is from the baseline"
    share = ", times its share of the model's attributions" if report.attributions else ""
    return f"Those that matter most come first: {how}{share}."
