import inspect
import math

import pytest

from spalje.errors import BadInput, NotFound
from spalje.pipeline import (
    ApprovedVersion,
    Baseline,
    Check,
    Decide,
    Evaluate,
    Input,
    Parameter,
    Pipeline,
    Process,
    PublishedBatch,
    Register,
    Train,
    Transform,
)
from spalje.pipeline.definition import Definition, ParameterReference
from spalje.pipeline.problem import Problem

PROBLEM = Problem(type="regression", target="units", features=("price",), keys=("store",))
TABLE = Input("rows", kind="table")


def process(name="clean", **more):
    return Process(name, script="clean.py", inputs={"rows": TABLE}, outputs={"tidy": "table"}, **more)


def test_every_constructor_records_the_line_it_stands_on():
    line = inspect.currentframe().f_lineno
    made = [
        Input("a", kind="table"),
        Parameter("a"),
        Pipeline("a", steps=[]),
        ApprovedVersion()["model"],
        PublishedBatch()["features"],
    ]
    steps = [
        process(),
        Transform("a", model=ApprovedVersion()["model"], data=TABLE),
    ]
    assert [one.where.line - line for one in made] == [2, 3, 4, 5, 6]
    assert steps[1].spec.where.line - line == 10
    assert {one.where.file for one in made} == {steps[1].spec.where.file}
    assert made[0].where.file.endswith("test_recipe.py")


def test_every_kind_of_step_compiles_to_its_ports_and_outputs():
    approved, batch, truth = ApprovedVersion(), PublishedBatch(), Input("truth", kind="table")
    train = Train("train", script="t.py", inference="i.py", channels={"train": TABLE})
    transform = Transform("transform", model=train["model"], data=TABLE)
    evaluate = Evaluate("evaluate", script="e.py", predictions=transform, inputs={"more": TABLE})
    normal = Baseline("normal", monitor="data_quality", data=TABLE)
    why = Baseline("why", monitor="attribution", model=train["model"], data=TABLE, rows=2000, samples=64)
    register = Register("register", model=train["model"], evaluation=evaluate, baselines=[normal, why])
    check = Check(
        "check",
        monitor="model_quality",
        baseline=approved["model_quality"],
        predictions=batch["predictions"],
        ground_truth=truth,
        policy="sagemaker",
        alpha=0.01,
    )
    decide = Decide("decide", verdicts=[check], ground_truth=truth, retrain="propose")
    seen = {
        step.spec.name: step.spec
        for step in (train, transform, evaluate, normal, why, register, check, decide)
    }
    assert {name: sorted(spec.inputs) for name, spec in seen.items()} == {
        "train": ["train"],
        "transform": ["data", "model"],
        "evaluate": ["more", "predictions"],
        "normal": ["data"],
        "why": ["data", "model"],
        "register": ["baseline_attribution", "baseline_data_quality", "evaluation", "model"],
        "check": ["baseline", "ground_truth", "predictions"],
        "decide": ["ground_truth", "verdict_model_quality"],
    }
    assert {name: dict(spec.outputs) for name, spec in seen.items()} == {
        "train": {"model": "model", "output": "folder"},
        "transform": {"predictions": "table"},
        "evaluate": {"report": "report"},
        "normal": {"baseline": "baseline"},
        "why": {"baseline": "baseline"},
        "register": {},
        "check": {"verdict": "verdict"},
        "decide": {"decision": "report"},
    }
    assert seen["why"].settings == {"monitor": "attribution", "rows": 2000, "samples": 64}
    assert seen["check"].settings == {"monitor": "model_quality", "policy": "sagemaker", "alpha": 0.01}
    assert seen["decide"].settings == {"retrain": "propose"}
    assert seen["check"].inputs["baseline"].input == "version.model_quality"
    assert seen["check"].inputs["predictions"].input == "batch.predictions"
    assert not seen["register"].cache
    assert not seen["decide"].cache


def test_a_pipeline_has_the_inputs_and_parameters_of_its_steps_once_each():
    day = Parameter("day", type="date")
    approved = ApprovedVersion()
    steps = [
        process("a", parameters={"day": day}),
        process("b", parameters={"deep": {"list": [1, day]}}),
        Transform("c", model=approved["model"], data=TABLE),
        Transform("d", model=approved["model"], data=TABLE),
    ]
    definition = Pipeline("inference", steps=steps).define(PROBLEM, locations={"rows": "x", "other": "y"})
    assert [one.name for one in definition.inputs] == ["rows", "version.model"]
    assert [one.name for one in definition.parameters] == ["day"]
    assert definition.locations == {"rows": "x"}
    assert definition.step("b").parameters == {"day"}


def test_a_definition_survives_being_written_and_read():
    day = Parameter("day", type="date", default="2017-10-30")
    step = process(parameters={"day": day, "deep": [{"day": day}]})
    check = Check(
        "c", monitor="data_quality", baseline=ApprovedVersion()["data_quality"], data=TABLE, since=day
    )
    definition = Pipeline("p", steps=[step, check]).define(PROBLEM)
    again = Definition.model_validate_json(definition.model_dump_json())
    assert again == definition
    assert again.digest == definition.digest
    assert again.step("c").settings["since"] == ParameterReference(parameter="day")
    assert again.step("clean").parameters == {"day"}


def test_an_unknown_output_says_which_there_are():
    with pytest.raises(NotFound, match=r"output of step 'clean' called 'tidi'\. Did you mean 'tidy'"):
        process()["tidi"]


@pytest.mark.parametrize("words", [ApprovedVersion(), PublishedBatch()])
def test_an_unknown_part_says_which_there_are(words):
    with pytest.raises(NotFound, match="There are: "):
        words["modle"]


def test_a_step_with_several_outputs_does_not_stand_for_one():
    train = Train("train", script="t.py", inference="i.py", channels={"train": TABLE})
    with pytest.raises(BadInput, match="has 2 outputs: model, output") as raised:
        Transform("transform", model=train, data=TABLE)
    assert 'train["model"]' in raised.value.do


@pytest.mark.parametrize("source", ["s3://bucket/rows", None, 3, Parameter("a")])
def test_something_that_is_no_source_is_refused(source):
    with pytest.raises(BadInput, match="must be an Input or the output of a step"):
        Transform("transform", model=TABLE, data=source)


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {1: 2}, {"a", "b"}, b"x"])
def test_a_setting_that_json_cannot_hold_is_refused(value):
    with pytest.raises(BadInput, match=r"Setting parameters\.deep\[0\] is"):
        process(parameters={"deep": [value]})


@pytest.mark.parametrize("value", [3, "today", Parameter("today")])
def test_a_setting_that_would_read_as_a_parameter_is_refused(value):
    with pytest.raises(BadInput, match="single key 'parameter'"):
        Train("t", script="t.py", inference="i.py", channels={}, hyperparameters={"parameter": value})


@pytest.mark.parametrize(
    ("compare", "operator"),
    [
        (lambda m: m < 0.9, "<"),
        (lambda m: m <= 0.9, "<="),
        (lambda m: m > 0.9, ">"),
        (lambda m: m >= 0.9, ">="),
        (lambda m: 0.9 > m, "<"),  # noqa: SIM300
        (lambda m: 0.9 <= m, ">="),  # noqa: SIM300
    ],
)
def test_a_metric_compares_into_a_condition(compare, operator):
    evaluate = Evaluate("evaluate", script="e.py", predictions=TABLE)
    when = process(when=compare(evaluate.metric("wape"))).spec.when
    assert (str(when.report), when.metric, when.operator, when.value) == (
        "evaluate.report",
        "wape",
        operator,
        0.9,
    )


def test_two_bounds_on_a_metric_do_not_lose_one():
    metric = Evaluate("evaluate", script="e.py", predictions=TABLE).metric("wape")
    with pytest.raises(BadInput, match="no truth value"):
        _ = 0.1 < metric < 0.9


@pytest.mark.parametrize("value", [True, "0.9", math.nan, Parameter("a")])
def test_a_metric_is_compared_with_a_number(value):
    metric = Evaluate("evaluate", script="e.py", predictions=TABLE).metric("wape")
    with pytest.raises(BadInput, match="finite number"):
        _ = metric < value


def test_when_takes_a_comparison_only():
    metric = Evaluate("evaluate", script="e.py", predictions=TABLE).metric("wape")
    with pytest.raises(BadInput, match="must compare a metric"):
        process(when=metric == 0.9)


def test_a_metric_is_of_a_report():
    with pytest.raises(BadInput, match="0 outputs that are reports"):
        process().metric("wape")


def test_two_baselines_of_a_monitor_are_refused():
    first, second = (Baseline(name, monitor="data_quality", data=TABLE) for name in ("first", "second"))
    with pytest.raises(
        BadInput, match="two baselines of monitor 'data_quality', from steps 'first' and 'second'"
    ):
        Register("r", model=TABLE, evaluation=TABLE, baselines=[first, second])


@pytest.mark.parametrize("source", [TABLE, process()])
def test_a_verdict_comes_from_a_check(source):
    with pytest.raises(BadInput, match="is not a verdict"):
        Decide("d", verdicts=[source], ground_truth=TABLE)


def test_an_evaluation_has_one_input_of_predictions():
    with pytest.raises(BadInput, match="given by predictions="):
        Evaluate("e", script="e.py", predictions=TABLE, inputs={"predictions": TABLE})


@pytest.mark.parametrize("make", [process, lambda name: Pipeline(name, steps=[process()]).define(PROBLEM)])
@pytest.mark.parametrize("name", ["my step", "", "../up", "a;b"])
def test_a_name_that_is_none_is_refused(make, name):
    with pytest.raises(BadInput, match="a name is a letter"):
        make(name)


def test_an_output_holds_something_there_is():
    with pytest.raises(BadInput, match=r"outputs\.tidy is 'tabel'.*'table'"):
        Process("clean", script="clean.py", outputs={"tidy": "tabel"})


def test_a_timeout_is_positive():
    with pytest.raises(BadInput, match="timeout_s is 0"):
        process(timeout_s=0)


def test_an_input_of_a_version_cannot_be_given():
    with pytest.raises(BadInput, match="a dot is not allowed"):
        Input("version.model", kind="model")


def test_only_steps_are_listed():
    with pytest.raises(BadInput, match="not a step"):
        Pipeline("p", steps=[process()["tidy"]])


@pytest.mark.parametrize(
    ("trained_in", "own", "found"),
    [(None, None, "uv"), ("container", None, "container"), ("container", "current", "current")],
)
def test_a_model_runs_in_the_steps_own_environment_or_where_it_was_trained_or_as_the_repository_says(
    trained_in, own, found
):
    rows = Input("rows", kind="table")
    train = Train("train", script="t.py", inference="i.py", channels={"rows": rows}, environment=trained_in)
    transform = Transform("transform", model=train["model"], data=rows, environment=own)
    later = Process(
        "later", script="p.py", inputs={"p": transform, "o": train["output"]}, outputs={"o": "folder"}
    )
    definition = Pipeline("build", steps=[train, transform, later]).define(PROBLEM, environment="uv")
    assert definition.environment_of("train") == (trained_in or "uv")
    assert definition.environment_of("transform") == found
    assert definition.environment_of("later") == "uv"
    assert Definition.model_validate_json(definition.model_dump_json()) == definition


def test_a_definition_from_before_there_were_environments_of_steps_is_read():
    step = Process("make", script="m.py", outputs={"o": "folder"})
    definition = Pipeline("build", steps=[step]).define(PROBLEM)
    document = definition.model_dump(mode="json")
    del document["steps"][0]["environment"]
    assert Definition.model_validate(document) == definition
