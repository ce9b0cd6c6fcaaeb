"""A replay's page and drawing: what they say is in the figures, whatever the figures are, and nothing in them runs."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from spalje.report.backtest import POLICIES, Report, html, svg

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def week(day, error=0.7, *, alarm=None, rebuilt=None, accepted=False, blocked=False):
    metrics = {} if error is None else {"poisson_deviance": error, "mae": error / 2}
    return {"day": day, "built": day, "outcomes": {}, "blocked": blocked, "alarm": alarm, "rebuilt": rebuilt,
            "accepted": accepted, "metrics": metrics, "cost": 0.1}  # fmt: skip


def life(policy, weeks, *, error=0.7, cost=1.0, false=None):
    figures = {} if error is None else {"poisson_deviance": error, "bias": -0.012, "mae": error / 2}
    return {
        "policy": policy, "alarms": sum(one["alarm"] is not None for one in weeks), "batches": len(weeks),
        "false_alarms": false, "placebo_weeks": None, "retrainings": sum(one["rebuilt"] is not None for one in weeks),
        "accepted": sum(one["accepted"] for one in weeks), "blocked": sum(one["blocked"] for one in weeks),
        "cost": cost, "score": None if error is None else "poisson_deviance", "figures": figures, "weeks": weeks,
    }  # fmt: skip


def document(policies, days, project="fresh-produce"):
    return {"project": project, "days": days, "currency": "EUR", "policies": policies}


DAYS = ["2017-06-12", "2017-06-19", "2017-06-26"]
CALM = [week(day) for day in DAYS]
BUSY = [
    week(DAYS[0], 0.72, alarm="data_quality", rebuilt="data_quality", accepted=True),
    week(DAYS[1], 0.66, alarm="data_quality", rebuilt="data_quality", accepted=False),
    week(DAYS[2], 0.69, blocked=True),
]
TWO = document([life("sagemaker", BUSY, error=0.69, cost=4.0, false=0.57), life("never", CALM)], DAYS)


def drawn(text):
    """The drawing's elements, strictly parsed."""
    return ET.fromstring(text)


def count(tree, tag, kind):
    space = "{http://www.w3.org/2000/svg}"
    return sum(kind in (one.get("class") or "").split() for one in tree.iter(space + tag))


def test_the_drawing_has_a_mark_for_everything_that_happened():
    tree = drawn(svg(TWO))
    legend = 1
    assert count(tree, "path", "found") == 2 + legend
    assert count(tree, "circle", "built") == 1 + legend
    assert count(tree, "circle", "refused") == 1 + legend
    assert count(tree, "line", "kept") == 1 + legend
    assert count(tree, "rect", "worse") == 1 + legend
    assert count(tree, "rect", "better") == 2 + legend
    titles = [one.text for one in tree.iter("{http://www.w3.org/2000/svg}title")]
    assert "-5.7%" in titles


def test_the_page_says_who_was_best_and_what_it_cost():
    page = html(Report(TWO, AT))
    assert (
        "The least error would have had sagemaker: Poisson deviance 0.69, with 2 new models, for 4.0000 EUR."
        in page
    )
    assert "The cheapest is never: 25 % of that cost, and an error 1.4 % higher." in page
    assert "sagemaker in 57 %" in page
    assert "2 of 3" in page
    assert "2, 1 used" in page
    for policy in ("sagemaker", "never"):
        assert POLICIES[policy].replace("'", "&#39;") in page
    assert "2026-01-02 03:04" in page


def test_a_page_lets_nothing_in_and_hostile_names_are_words():
    page = html(Report(document(TWO["policies"], DAYS, "<script>alert(1)</script>\u202e"), AT))
    assert "default-src &#39;none&#39;" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<style>") == 1, "the policy names one style by its hash"


@pytest.mark.parametrize(
    "policies",
    [
        [life("never", CALM)],
        [life("never", [week(day, None) for day in DAYS], error=None)],
        [
            life(name, CALM, false=0.0 if name in ("calibrated", "sagemaker", "ks") else None)
            for name in POLICIES
        ],
        [life("always", [week(day, 0.0) for day in DAYS], error=0.0)],
    ],
)
def test_whatever_happened_there_is_a_page(policies):
    assert "</html>" in html(Report(document(policies, DAYS), AT))
    drawn(svg(document(policies, DAYS)))


def test_a_year_of_days_fits():
    days = [str(datetime(2017, 1, 1, tzinfo=UTC).date().fromordinal(736330 + place)) for place in range(400)]
    many = document([life("always", [week(day, rebuilt="always", accepted=True) for day in days])], days)
    tree = drawn(svg(many))
    width = float(tree.get("viewBox").split()[2])
    xs = [float(one.get("cx")) for one in tree.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(xs) == 402
    assert 0 < min(xs) <= max(xs) < width
