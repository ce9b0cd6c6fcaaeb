"""A replay as a person reads it: what each policy would have found, built, paid and predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from spalje.monitor.measurement import score_label
from spalje.monitor.wording import number, percent
from spalje.report.backtest_figure import STYLE as FIGURE
from spalje.report.backtest_figure import Batch, Lane, picture
from spalje.report.label import label, sentence
from spalje.report.sheet import PAGES, STYLE, policy

#: What each policy does, in a sentence.
POLICIES: Mapping[str, str] = {
    "calibrated": "A new model when a decision of the project's own pipelines says so, by Spaljé's rules.",
    "sagemaker": "A new model when Model Monitor's constraints, as it suggests them, are violated: of data quality, "
    "model quality or attributions.",
    "ks": "A new model when a Kolmogorov-Smirnov test of any numeric column against the training data has p < 0.05.",
    "monthly": "A new model every four weeks.",
    "always": "A new model before every batch.",
    "never": "The first model for ever.",
}
#: What stands in the table, beside the policy.
HEADS = ("alarms", "false alarms", "models built", "blocked", "cost", "bias")

_FIGURE = """
.scroll { overflow-x: auto; } .scroll svg { min-width: 46rem; width: 100%; height: auto; display: block; }
table.policies { border-collapse: collapse; width: 100%; font-size: .92rem; }
table.policies th, table.policies td {
  text-align: right; padding: .4rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap;
}
table.policies th:first-child, table.policies td:first-child { text-align: left; }
.scroll + .quiet { margin-top: .75rem; }
.words dt { font-size: 1rem; font-weight: 600; color: var(--ink); margin-top: .6rem; }
"""
_STYLE = STYLE + _FIGURE + FIGURE


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A replay.

    Attributes:
        document: what ``spalje.replay.backtest.Backtest.document`` says.
        made_at: when the report was made.
    """

    document: Mapping[str, Any]
    made_at: datetime


def html(report: Report) -> str:
    """One page of HTML that needs nothing else: no network, no scripts, no fonts."""
    document = report.document
    days, policies = _days(document), document["policies"]
    return PAGES.get_template(
        "backtest.html"
    ).render(
        style=Markup(_STYLE),  # noqa: S704  a file of ours
        policy=policy(_STYLE),
        title=f"Replay of {label(document['project'], 80)}",
        span=f"{len(days)} batches, {days[0]} to {days[-1]}",
        sentences=[sentence(said) for said in _sentences(document)],
        figure=picture(_lanes(document), days, _score(policies)[1], page=True),
        heads=[*HEADS[:-1], _score(policies)[1], "bias", "MAE"],
        rows=[_row(one, document["currency"], _score(policies)[0]) for one in policies],
        words=[(one["policy"], POLICIES[one["policy"]]) for one in policies],
        made=f"{report.made_at:%Y-%m-%d %H:%M} {report.made_at.tzname() or ''}".strip(),
    )


def svg(document: Mapping[str, Any]) -> str:
    """The drawing alone, as a file."""
    drawn = str(picture(_lanes(document), _days(document), _score(document["policies"])[1]))
    return (
        drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" style="background:#fff" ', 1) + "\n"
    )


def _days(document: Mapping[str, Any]) -> list[date]:
    return [date.fromisoformat(day) for day in document["days"]]


def _score(policies: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The score's name, and what it is called."""
    name = next((str(one["score"]) for one in policies if one["score"]), "score")
    return name, score_label(name)


def _lanes(document: Mapping[str, Any]) -> list[Lane]:
    policies = sorted(document["policies"], key=lambda one: one["policy"] == "never")
    name, said = _score(policies)
    return [_lane(one, name, said, document["currency"]) for one in policies]


def _lane(one: Mapping[str, Any], name: str, said: str, currency: str) -> Lane:
    figures = one["figures"]
    about = [
        f"{said} {number(figures[name])}, bias {figures['bias']:+.1%}" if name in figures else "no truth"
    ]
    about.append(f"{_counted(one['retrainings'], 'model')} built, {one['cost']:.4f} {currency}")
    if one["false_alarms"] is not None:
        about.append(f"{_counted(one['alarms'], 'alarm')}; {one['false_alarms']:.1%} where nothing changed")
    return Lane(
        name=one["policy"],
        batches=tuple(
            Batch(
                error=_error(week, name),
                alarm=week["alarm"] is not None,
                built=week["rebuilt"] is not None,
                accepted=week["accepted"],
                blocked=week["blocked"],
            )
            for week in one["weeks"]
        ),
        says=tuple(about),
    )


def _error(week: Mapping[str, Any], name: str) -> float | None:
    value = week["metrics"].get(name)
    return None if value is None else float(value)


def _row(one: Mapping[str, Any], currency: str, name: str) -> tuple[str, ...]:
    figures, watched = one["figures"], one["false_alarms"] is not None
    built, used = one["retrainings"], one["accepted"]
    return (
        one["policy"],
        f"{one['alarms']} of {one['batches']}" if watched else "–",
        f"{one['false_alarms']:.1%}" if watched else "–",
        f"{built}" if built == used else f"{built}, {used} used",
        f"{one['blocked']}",
        f"{one['cost']:.4f} {currency}",
        number(figures[name]) if name in figures else "–",
        f"{figures['bias']:+.1%}" if "bias" in figures else "–",
        number(figures["mae"]) if "mae" in figures else "–",
    )


def _sentences(document: Mapping[str, Any]) -> list[str]:
    """What is to be seen, from the figures."""
    policies = document["policies"]
    name, said = _score(policies)
    known = [one for one in policies if name in one["figures"]]
    if not known:
        return ["No batch has a truth, so nothing can be said of errors."]
    best = min(known, key=lambda one: (one["figures"][name], one["cost"]))
    cheap = min(known, key=lambda one: (one["cost"], one["figures"][name]))
    value, price = number(best["figures"][name]), f"{best['cost']:.4f} {document['currency']}"
    models = _counted(best["retrainings"], "new model")
    told = [f"The least error would have had {best['policy']}: {said} {value}, with {models}, for {price}."]
    if cheap is not best:
        more = cheap["figures"][name] / best["figures"][name] - 1.0
        part = f"{100 * cheap['cost'] / best['cost']:.0f} %"
        told.append(
            f"The cheapest is {cheap['policy']}: {part} of that cost, and an error {100 * more:.1f} % higher."
        )
    false = [
        f"{one['policy']} in {percent(one['false_alarms'])}"
        for one in known
        if one["false_alarms"] is not None
    ]
    if false:
        told.append(f"Of batches between which nothing can have changed, these alarm: {', '.join(false)}.")
    return told


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
