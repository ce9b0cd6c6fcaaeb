"""The page about a batch's quality: what it says is in the verdict, and nothing in it runs."""

import pytest

from spalje.monitor.verdict import Outcome, Verdict
from spalje.report.model_quality import SHOWN, Report, html

EVIDENCE = [
    {"name": "rmse", "now": 0.931, "then": 0.71, "worse_by": 0.31, "low": 0.2, "high": 0.4, "p": 0.05, "rank": 19,
     "periods": 19, "sure": True, "likely": True},
    {"name": "bias", "now": -0.38, "then": 0.02, "worse_by": 0.36, "low": 0.3, "high": 0.4, "p": 0.05, "rank": 19,
     "periods": 19, "sure": True, "likely": True},
]  # fmt: skip
FIGURES = {
    "coverage": 0.93, "rows": 8400, "score": "rmse", "evidence": EVIDENCE,
    "periods": [{"first": f"2017-01-{day:02}", "score": 0.7, "bias": 0.01} for day in range(1, 20)],
    "metrics": {"mae": 0.5, "rmse": 0.931}, "baseline_metrics": {"mae": 0.4}, "constraints_violated": ["rmse"],
    "truth_without_prediction": 12,
    "estimated": {"score": 0.72, "low": 0.6, "high": 0.84, "label": "estimated, assumes that only the inputs moved"},
    "shift": {"word": "relation", "summary": "The relation moved.", "covariate": 0.02, "covariate_low": -0.03,
              "covariate_high": 0.07, "concept": 0.28, "concept_low": 0.2, "concept_high": 0.36},
    "segments": {"fruit": [{"name": f"fruit {n}", "rows": 10, "score": n / 20, "low": n / 30, "high": n / 10, "bias": -0.1,
                            "metrics": {}} for n in range(20)]},
    "calibration": [{"mean_predicted": 0.25, "share_positive": 0.35, "rows": 40.0}],
}  # fmt: skip


def page(figures, outcome=Outcome.ALARM, summary="RMSE 0.93 against 0.71 at build time.", title="Week 1"):
    verdict = Verdict(monitor="model_quality", outcome=outcome, summary=summary, figures=figures)
    return html(Report(title, verdict))


def test_all_that_the_verdict_knows_is_on_the_page():
    said = page(FIGURES)
    for words in (
        "Alarm", "RMSE 0.93 against 0.71 at build time.", "93 % of the rows", "8,400", "0.931, before 0.71",
        "\N{MINUS SIGN}38.0 %, before +2.0 %", "0.72 (0.6 to 0.84) was expected: estimated, assumes that only the inputs moved",
        "It came to 0.931.", "The relation moved.", "+0.28", "19 good stretches", "fruit 19", f"the {SHOWN} worst of 20",
        "predicted 25 %", "constraints these are violated: rmse", "Truth without prediction",
    ):  # fmt: skip
        assert words in said, words
    assert "fruit 4<" not in said
    assert said.count('class="now"') == 2, "this batch among the others, for score and bias"


def test_what_is_not_known_is_left_out():
    bare = page({"coverage": 0.5, "rows": 0}, Outcome.INSUFFICIENT, "Truth is known for 50 % of the rows.")
    assert "50 % of the rows" in bare
    for words in (
        "Inputs or relation",
        "Group by group",
        "Calibration",
        "Among good stretches",
        "was expected",
    ):
        assert words not in bare


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "\u202eevil", "x" * 5000, '"><img src=x>'])
def test_hostile_names_are_words(hostile):
    figures = {**FIGURES, "segments": {hostile: [{"name": hostile, "rows": 1, "score": 1.0, "metrics": {}}]},
               "metrics": {hostile: 1.0}, "constraints_violated": [hostile]}  # fmt: skip
    said = page(figures, summary=hostile, title=hostile)
    assert "<script" not in said
    assert "<img" not in said
    assert "\u202e" not in said
    assert "default-src &#39;none&#39;" in said
    assert len(said) < 120_000


def test_hundreds_of_groups_and_stretches_fit():
    many = {
        **FIGURES,
        "periods": [{"first": None, "score": 1.0, "bias": 0.0}] * 400,
        "segments": {
            "store": [{"name": str(n), "rows": 1, "score": float(n), "metrics": {}} for n in range(300)]
        },
    }
    assert "the 15 worst of 300" in page(many)
