"""What each policy goes by, and what it changes in a pipeline before it is run."""

from datetime import date

import pytest

from spalje.errors import BadInput
from spalje.monitor.decision import Action
from spalje.monitor.verdict import Outcome
from spalje.pipeline.definition import Definition, ParameterSpec, SourceLine, StepSpec
from spalje.pipeline.problem import Problem
from spalje.replay.calendar import date_parameter, days
from spalje.replay.policy import Evidence, Policy, alarm, builds, revised

WHERE = SourceLine(file="pipeline.py", line=1)
PROBLEM = Problem(type="regression", target="y", features=("x",), keys=("id",))


def evidence(*, outcomes=None, actions=(Action.PUBLISH,), p=None, age=7):
    return Evidence(outcomes or {}, actions, p or {}, age)


CALM = evidence(outcomes={"data_quality": Outcome.OK, "model_quality": Outcome.WARNING}, p={"x": 0.5})
DRIFTED = evidence(
    outcomes={"data_quality": Outcome.ALARM}, actions=(Action.INVESTIGATE,), p={"x": 0.01, "z": 0.2}
)
WORSE = evidence(
    outcomes={"model_quality": Outcome.ALARM}, actions=(Action.PUBLISH, Action.RETRAIN), p={"x": 0.5}
)


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (Policy.CALIBRATED, (None, None, "the decision to retrain")),
        (Policy.SAGEMAKER, (None, "data_quality", "model_quality")),
        (Policy.KS, (None, "1 of 2 columns", None)),
        (Policy.MONTHLY, (None, None, None)),
        (Policy.ALWAYS, ("always", "always", "always")),
        (Policy.NEVER, (None, None, None)),
    ],
)
def test_each_policy_builds_for_its_own_reason(policy, found):
    assert tuple(builds(policy, each) for each in (CALM, DRIFTED, WORSE)) == found
    if not policy.watches:
        assert [alarm(policy, each) for each in (CALM, DRIFTED, WORSE)] == [None] * 3


def test_a_month_is_four_weeks():
    assert [builds(Policy.MONTHLY, evidence(age=age)) for age in (27, 28, 35)] == [
        None,
        "28 days old",
        "35 days old",
    ]


def definition(*steps, parameters=()):
    return Definition(name="inference", problem=PROBLEM, steps=steps, parameters=parameters)


def step(kind, **settings):
    return StepSpec(name=kind, kind=kind, settings=settings, where=WHERE)


def test_under_sagemakers_policy_its_rules_and_its_bounds_decide():
    whole = definition(
        step("check", monitor="data_quality", policy="calibrated", alpha=0.01),
        step("baseline", monitor="model_quality"),
        step("process", parameters={"policy": "calibrated"}),
    )
    changed = revised(Policy.SAGEMAKER, whole)
    assert changed.steps[0].settings == {"monitor": "data_quality", "policy": "sagemaker", "alpha": 0.01}
    assert changed.steps[1].settings["constraint_margin"] == 0.0
    assert changed.steps[2] == whole.steps[2]
    for policy in set(Policy) - {Policy.SAGEMAKER}:
        assert revised(policy, whole) is whole


def parameter(name, kind="date", *, required=False):
    return ParameterSpec(name=name, type=kind, required=required, where=WHERE)


def test_the_day_is_the_pipelines_parameter_of_type_date():
    weeks = parameter("weeks", "integer")
    assert date_parameter(definition(step("process"), parameters=(weeks, parameter("today")))) == "today"
    two = (parameter("today"), parameter("week", required=True))
    assert date_parameter(definition(step("process"), parameters=two)) == "week"
    for parameters in ((weeks,), (), (parameter("one"), parameter("two"))):
        with pytest.raises(BadInput, match="cannot be replayed"):
            date_parameter(definition(step("process"), parameters=parameters))


def test_days_of_a_calendar():
    assert days(date(2017, 1, 2), date(2017, 1, 16), 7)[-1] == date(2017, 1, 16)
    assert len(days(date(2017, 1, 2), date(2017, 1, 15), 7)) == 2
    for last, every in ((date(2017, 1, 5), 7), (date(2017, 1, 1), 1), (date(2017, 2, 1), 0)):
        with pytest.raises(BadInput):
            days(date(2017, 1, 2), last, every)
