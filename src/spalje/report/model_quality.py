"""A model quality verdict as a person reads it: one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

from markupsafe import Markup

from spalje.monitor.measurement import score_label
from spalje.monitor.verdict import Verdict
from spalje.monitor.wording import number, percent, rows
from spalje.report.certainty import OUTCOMES
from spalje.report.interval_figure import STYLE as INTERVALS
from spalje.report.interval_figure import Line, intervals
from spalje.report.label import label, sentence
from spalje.report.sheet import PAGES, STYLE, policy
from spalje.report.strip import strip

#: Groups of a column that are drawn: those that are worst.
SHOWN = 15

_OWN = """
.intervals { max-width: 38rem; }
.pair { align-items: start; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.25rem; }
.pair > figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem; }
figcaption { color: var(--quiet); font-size: .88rem; margin-bottom: .5rem; }
.told { max-width: 52rem; margin-bottom: .75rem; }
"""
_STYLE = STYLE + INTERVALS + _OWN


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A verdict on how good predictions were.

    Attributes:
        title: what the page is called.
        verdict: of the model quality monitor.
    """

    title: str
    verdict: Verdict


def html(report: Report) -> str:
    """One page of HTML that needs nothing else: no network, no scripts, no fonts."""
    verdict, figures = report.verdict, report.verdict.figures
    return PAGES.get_template("model_quality.html").render(
        style=Markup(_STYLE),  # noqa: S704  a file of ours
        policy=policy(_STYLE),
        title=label(report.title, 120),
        outcome=str(verdict.outcome),
        outcome_word=OUTCOMES[verdict.outcome],
        summary=sentence(verdict.summary, 1200),
        facts=_facts(report),
        strips=_strips(figures),
        estimate=_estimate(figures),
        moved=_moved(figures),
        segments=_segments(figures),
        calibration=_calibration(figures),
        metrics=_metrics(figures),
        constraints=[label(str(name)) for name in figures.get("constraints_violated", [])],
    )


def _facts(report: Report) -> list[tuple[str, str]]:
    figures = report.verdict.figures
    facts = [
        ("Truth is known for", f"{percent(float(figures.get('coverage', 0.0)))} of the rows"),
        ("Rows with truth", rows(int(figures.get("rows", 0)))),
    ]
    evidence: Sequence[Mapping[str, Any]] = figures.get("evidence", [])
    for one in evidence:
        if one["name"] == "bias":
            facts.append(("Bias", f"{_share(one['now'])}, before {_share(one['then'])}"))
        else:
            facts.append((_score(figures), f"{_number(one['now'])}, before {_number(one['then'])}"))
    if evidence and evidence[0].get("p") is not None:
        facts.append(("Share of good stretches as bad", percent(min(float(one["p"]) for one in evidence))))
    if figures.get("truth_without_prediction"):
        facts.append(("Truth without prediction", rows(int(figures["truth_without_prediction"]))))
    return facts


def _score(figures: Mapping[str, Any]) -> str:
    return score_label(str(figures.get("score") or "Score"))


def _strips(figures: Mapping[str, Any]) -> list[tuple[str, Markup]]:
    """Score and bias among the good stretches."""
    periods: Sequence[Mapping[str, Any]] = figures.get("periods", [])
    found = []
    for one in figures.get("evidence", []):
        name = "bias" if one["name"] == "bias" else "score"
        past = [
            (str(period["first"] or ""), abs(float(period[name]))) for period in periods if name in period
        ]
        if not past or "now" not in one:
            continue
        words = "Bias, how far from 0" if name == "bias" else _score(figures)
        worst = max(value for _, value in past)
        caption = f"{words}: {rows(len(past))} good stretches, and this batch; the dashed line is the worst of them."
        found.append((caption, strip(past, abs(float(one["now"])), worst, words)))
    return found


def _estimate(figures: Mapping[str, Any]) -> str:
    before, evidence = figures.get("estimated") or {}, figures.get("evidence") or [{}]
    if "score" not in before or "now" not in evidence[0]:
        return ""
    value, low, high = (_number(before.get(name, nan)) for name in ("score", "low", "high"))
    return (
        f"Before the truth was known, {value} ({low} to {high}) was expected: {before.get('label', 'estimated')}. "
        f"It came to {_number(evidence[0]['now'])}."
    )


def _moved(figures: Mapping[str, Any]) -> tuple[str, Markup] | None:
    shift = figures.get("shift")
    if not shift:
        return None
    lines = []
    for words, part in (("moved inputs", "covariate"), ("another relation", "concept")):
        value, low, high = (float(shift[f"{part}{end}"]) for end in ("", "_low", "_high"))
        lines.append(Line(words, value, low, high, f"{value:+.2g}"))
    drawn = intervals(lines, 0.0, "What the difference in mean loss is made of")
    return sentence(str(shift["summary"]), 800), drawn


def _segments(figures: Mapping[str, Any]) -> list[tuple[str, Markup]]:
    """Of each column the groups that are worst."""
    whole = (figures.get("evidence") or [{}])[0].get("now", 0.0)
    found = []
    for name, groups in (figures.get("segments") or {}).items():
        known = [group for group in groups if "score" in group]
        if not known:
            continue
        worst = sorted(known, key=lambda group: -group["score"])[:SHOWN]
        lines = [
            Line(
                group["name"],
                group["score"],
                group.get("low", nan),
                group.get("high", nan),
                f"{group['bias']:+.0%}".replace("%", " %") if "bias" in group else "",
            )
            for group in worst
        ]
        more = f", the {SHOWN} worst of {rows(len(known))}" if len(known) > SHOWN else ""
        what = f"{_score(figures)} with its interval; the line is that of the batch; bias at the end."
        caption = f"{label(name)}{more}: {what}"
        found.append((caption, intervals(lines, float(whole), f"{_score(figures)} by {label(name)}")))
    return found


def _calibration(figures: Mapping[str, Any]) -> tuple[str, Markup] | None:
    cells = figures.get("calibration")
    if not cells:
        return None
    lines = [
        Line(f"predicted {percent(cell['mean_predicted'])}", cell["share_positive"] - cell["mean_predicted"], nan, nan,
             f"{rows(int(cell['rows']))} rows")
        for cell in cells
    ]  # fmt: skip
    return (
        "How much more often it came than was predicted, by predicted probability.",
        intervals(lines, 0.0, "Calibration"),
    )


def _metrics(figures: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    then, ends = figures.get("baseline_metrics") or {}, figures.get("intervals") or {}
    return [
        (
            label(name),
            _number(value),
            " to ".join(_number(end) for end in ends[name]) if name in ends else "–",
            _number(then[name]) if then.get(name) is not None else "–",
        )
        for name, value in (figures.get("metrics") or {}).items()
    ]


def _share(value: float) -> str:
    return f"{100 * float(value):+.1f} %".replace("-", "\N{MINUS SIGN}")


def _number(value: float) -> str:
    return number(float(f"{float(value):.4g}")).replace("-", "\N{MINUS SIGN}")
