import pytest

from spalje.pipeline import lint as rules
from spalje.pipeline import lint_wiring as wiring
from spalje.pipeline.definition import (
    Condition,
    InputSpec,
    ParameterReference,
    ParameterSpec,
    Reference,
    SourceLine,
    StepSpec,
)
from spalje.pipeline.lint import REPOSITORY_RULES, RULES, lint


def found_by(rule, definition, repository):
    return list(rule(definition, repository) if rule in REPOSITORY_RULES else rule(definition))


@pytest.mark.parametrize("rule", [*RULES, *REPOSITORY_RULES], ids=lambda rule: rule.__name__)
def test_no_rule_finds_anything_in_a_good_recipe(rule, good):
    assert found_by(rule, *good) == []


def with_step(definition, name, **changes):
    """The definition with one step changed; callables get the old value."""
    old = definition.step(name)
    new = {key: make(getattr(old, key)) if callable(make) else make for key, make in changes.items()}
    spoilt = old.model_copy(update=new)
    steps = tuple(spoilt if step.name == name else step for step in definition.steps)
    return definition.model_copy(update={"steps": steps})


def plus(**more):
    return lambda old: {**old, **more}


def without(*names):
    return lambda old: {name: value for name, value in old.items() if name not in names}


def ref(step, output):
    return Reference(step=step, output=output)


WHERE = SourceLine(file="pipeline.py", line=99)

#: rule, how to spoil the definition, what it says, what it says to do
SPOILT = [
    (
        wiring.duplicate_names,
        lambda d: d.model_copy(
            update={"steps": (*d.steps, d.step("train").model_copy(update={"where": WHERE}))}
        ),
        "2 steps are called 'train'; the first is at pipeline.py:15.",
        "its own name",
    ),
    (
        wiring.duplicate_names,
        lambda d: d.model_copy(
            update={"inputs": (*d.inputs, InputSpec(name="journey", kind="table", where=WHERE))}
        ),
        "2 inputs are called 'journey'",
        "its own name",
    ),
    (
        wiring.duplicate_names,
        lambda d: d.model_copy(
            update={"parameters": (*d.parameters, ParameterSpec(name="today", type="date", where=WHERE))}
        ),
        "2 parameters are called 'today'",
        "its own name",
    ),
    (
        wiring.unknown_kinds,
        lambda d: with_step(d, "train", kind="trian"),
        "Step 'train' is of kind 'trian'. There is: baseline, check,",
        "Did you mean 'train'?",
    ),
    (
        wiring.unknown_references,
        lambda d: d.model_copy(update={"steps": d.steps[1:]}),
        "Step 'train' reads its train from step 'preprocess', which is not in pipeline 'build'.",
        "Add 'preprocess' to steps=[…]",
    ),
    (
        wiring.unknown_references,
        lambda d: with_step(d, "train", inputs={"train": ref("preprocess", "trian")}),
        "reads its train from 'preprocess.trian'. There is: evaluation, train.",
        "Did you mean 'train'?",
    ),
    (
        wiring.unknown_references,
        lambda d: with_step(d, "train", inputs={"train": Reference(input="jurney")}),
        "reads its train from input 'jurney'. There is: journey.",
        "Did you mean 'journey'?",
    ),
    (
        wiring.unknown_references,
        lambda d: with_step(d, "train", after=("evaluat",)),
        "comes after step 'evaluat'",
        "Did you mean 'evaluate'?",
    ),
    (
        wiring.unknown_references,
        lambda d: with_step(
            d, "train", when=Condition(report=ref("gone", "report"), metric="m", operator="<", value=1)
        ),
        "reads its condition from step 'gone'",
        "Add 'gone'",
    ),
    (
        wiring.cycles,
        lambda d: with_step(d, "preprocess", after=("evaluate",)),
        "Steps need each other in a loop: ",
        "Take one of these",
    ),
    (
        wiring.cycles,
        lambda d: with_step(d, "train", after=("train",)),
        "in a loop: train -> train.",
        "Take one of these",
    ),
    (
        wiring.unknown_ports,
        lambda d: with_step(d, "transform", inputs=plus(date=ref("preprocess", "train"))),
        "is of kind transform and is given 'date'. There is: data, model.",
        "Did you mean 'data'?",
    ),
    (
        wiring.missing_ports,
        lambda d: with_step(d, "transform", inputs=without("model")),
        "is of kind transform and has no 'model'.",
        "Give it model=…",
    ),
    (
        wiring.missing_ports,
        lambda d: with_step(d, "normal", inputs={}),
        "is of kind baseline and has no 'data'.",
        "Give it data=…",
    ),
    (
        wiring.missing_ports,
        lambda d: with_step(d, "good", settings=plus(monitor="attribution")),
        "has no 'model'.",
        "Give it model=…",
    ),
    (
        wiring.missing_ports,
        lambda d: with_step(d, "register", inputs=without("baseline_data_quality", "baseline_model_quality")),
        "is of kind register and has no baseline at all.",
        "Give it baselines=[…]",
    ),
    (
        wiring.missing_ports,
        lambda d: with_step(d, "register", kind="decide", inputs={"verdict_x": ref("normal", "baseline")}),
        "is of kind decide and has no 'features'.",
        "Give it features=…",
    ),
    (
        wiring.unknown_monitors,
        lambda d: with_step(d, "normal", settings=plus(monitor="data-quality")),
        "is of monitor 'data-quality'. There is: attribution, data_quality, model_quality.",
        "Did you mean 'data_quality'?",
    ),
    (
        wiring.unknown_monitors,
        lambda d: with_step(d, "normal", settings=plus(monitor=ParameterReference(parameter="today"))),
        "is of monitor ParameterReference",
        "Use one of these.",
    ),
    (
        wiring.unknown_monitors,
        lambda d: with_step(d, "normal", settings=plus(monitor=["data_quality"])),
        "is of monitor ['data_quality']",
        "Did you mean 'data_quality'?",
    ),
    (
        wiring.type_clashes,
        lambda d: with_step(d, "transform", inputs=plus(model=ref("preprocess", "train"))),
        "Step 'transform' reads a model as its model, but 'preprocess.train' is a table.",
        "Give it a model.",
    ),
    (
        wiring.type_clashes,
        lambda d: with_step(d, "transform", inputs=plus(data=Reference(input="journey"))),
        "reads a table as its data, but 'journey' is a folder.",
        "Give it a table.",
    ),
    (
        wiring.type_clashes,
        lambda d: with_step(d, "register", inputs=plus(baseline_data_quality=ref("evaluate", "report"))),
        "reads a baseline as its baseline_data_quality, but 'evaluate.report' is a report.",
        "Give it a baseline.",
    ),
    (
        wiring.wrong_outputs,
        lambda d: with_step(d, "train", outputs={"model": "folder"}),
        "is of kind train and has the outputs model (folder); they must be model (model), output (folder).",
        "Leave the outputs",
    ),
    (
        wiring.conditions,
        lambda d: with_step(
            d,
            "register",
            when=Condition(report=ref("preprocess", "train"), metric="m", operator="<", value=1),
        ),
        "runs when 'm' of 'preprocess.train' compares, but that is a table.",
        "metric of a report",
    ),
    (
        rules.unknown_parameters,
        lambda d: with_step(d, "train", settings=plus(hyperparameters={"a": [{"parameter": "tday"}]})),
        "uses parameter 'tday'. There is: rounds, today.",
        "Did you mean 'today'?",
    ),
    (
        rules.unused_parameters,
        lambda d: with_step(d, "preprocess", settings={}),
        "Parameter 'today' is not used by any step.",
        "take it away",
    ),
    (
        rules.option_clashes,
        lambda d: with_step(d, "preprocess", settings=plus(parameters={"Train": 1})),
        "gives its script 2 things called 'train'",
        "Rename all but one.",
    ),
    (
        rules.option_clashes,
        lambda d: with_step(d, "evaluate", inputs=plus(report=ref("preprocess", "train"))),
        "gives its script 2 things called 'report'",
        "Rename all but one.",
    ),
    (
        rules.scripts,
        lambda d: with_step(d, "preprocess", script="src/preproces.py"),
        "runs src/preproces.py, which is not a file of the repository. Did you mean src/preprocess.py?",
        "commit it",
    ),
    (
        rules.scripts,
        lambda d: with_step(d, "preprocess", script="src"),
        "runs src, which is not a file",
        "commit it",
    ),
    (
        rules.scripts,
        lambda d: with_step(d, "train", settings=plus(inference="gone/inference.py")),
        "runs gone/inference.py, which is not a file",
        "commit it",
    ),
    (
        rules.scripts,
        lambda d: with_step(d, "preprocess", script="src/../../outside.py"),
        "runs src/../../outside.py, which is outside the repository.",
        "relative to it",
    ),
    (
        rules.scripts,
        lambda d: with_step(d, "preprocess", script="/bin/true"),
        "runs /bin/true, which is outside the repository.",
        "relative to it",
    ),
    (
        rules.scripts,
        lambda d: with_step(d, "preprocess", script="src/a\0.py"),
        "which is not a file of the repository.",
        "commit it",
    ),
    (
        rules.scripts,
        lambda d: with_step(d, "preprocess", script="a" * 5000),
        "which is not a file of the repository.",
        "commit it",
    ),
    (
        rules.scripts,
        lambda d: with_step(d, "preprocess", script=None),
        "has no script.",
        "script=",
    ),
    (
        rules.unknown_environments,
        lambda d: with_step(d, "train", environment="containr"),
        "Step 'train' runs in environment 'containr', which there is not.",
        "Did you mean 'container'?",
    ),
    (
        rules.unknown_environments,
        lambda d: with_step(d, "train", environment="conda"),
        "which there is not.",
        "There are: current, uv, container.",
    ),
    (
        rules.unknown_environments,
        lambda d: with_step(d, "transform", environment="uv"),
        "but the repository has no uv.lock.",
        "Run `uv lock`",
    ),
    (
        rules.unknown_environments,
        lambda d: d.model_copy(update={"environment": "container"}),
        "The project runs in environment 'container', but the repository has no Dockerfile.",
        "Write Dockerfile",
    ),
    (
        rules.problem_misfits,
        lambda d: d.model_copy(update={"problem": d.problem.model_copy(update={"time": None})}),
        "[problem] season is 'weekday', but no time column",
        "Set time",
    ),
    (
        rules.problem_misfits,
        lambda d: d.model_copy(update={"problem": d.problem.model_copy(update={"prediction": "lag_7"})}),
        "[problem] prediction is 'lag_7', which is also in features.",
        "something else",
    ),
    (
        rules.problem_misfits,
        lambda d: d.model_copy(update={"problem": d.problem.model_copy(update={"target": "store"})}),
        "[problem] target 'store' is one of the keys.",
        "Keys must be known",
    ),
]


@pytest.mark.parametrize(
    ("rule", "spoil", "what", "do"),
    SPOILT,
    ids=[f"{rule.__name__}-{what[:40]}" for rule, _, what, _ in SPOILT],
)
def test_a_rule_finds_what_is_wrong(rule, spoil, what, do, good):
    definition, repository = good
    findings = found_by(rule, spoil(definition), repository)
    assert findings
    assert any(what in finding.what and do in finding.do for finding in findings), [
        str(one) for one in findings
    ]
    assert set(findings) <= set(lint(spoil(definition), repository))


def test_every_rule_is_tested():
    assert {rule for rule, *_ in SPOILT} == {*RULES, *REPOSITORY_RULES}


def test_findings_stand_in_the_order_of_the_lines(good):
    definition, repository = good
    spoilt = with_step(with_step(definition, "evaluate", script="gone.py"), "preprocess", script="gone.py")
    lines = [finding.where.line for finding in lint(spoilt, repository)]
    assert lines == sorted(lines)
    assert len(lines) == 2


def test_a_link_out_of_the_repository_is_outside(repository, good):
    (repository / "src" / "link.py").symlink_to("/bin/true")
    definition = with_step(good[0], "preprocess", script="src/link.py")
    (finding,) = lint(definition, repository)
    assert "outside the repository" in finding.what


def test_a_quality_run_needs_no_features(good):
    definition, _ = good
    decide = StepSpec(
        name="decide",
        kind="decide",
        inputs={"verdict_model_quality": ref("check", "verdict"), "ground_truth": Reference(input="journey")},
        outputs={"decision": "report"},
        where=WHERE,
    )
    assert list(wiring.missing_ports(definition.model_copy(update={"steps": (decide,)}))) == []


def test_a_problem_misfit_names_the_line_of_spalje_toml(good):
    definition, repository = good
    problem = definition.problem.model_copy(update={"time": None})
    (finding,) = lint(definition.model_copy(update={"problem": problem}), repository)
    text = (repository / "spalje.toml").read_text().splitlines()
    assert finding.where.file == "spalje.toml"
    assert text[finding.where.line - 1].startswith("season")
