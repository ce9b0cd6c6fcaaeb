"""The decide step: what follows from the verdicts, before a batch goes out or after its truth is known."""

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pyarrow.compute as pc

from spalje.errors import BadInput, NotFound
from spalje.monitor.constraints import checked
from spalje.monitor.decision import Action, Decision, Rules, Standing, decide_batch, decide_quality
from spalje.monitor.model_quality import MONITOR as MODEL_QUALITY
from spalje.registry.batch import Batch, BatchStatus, Evaluation, NewBatch
from spalje.steps.context import StepContext, StepResult
from spalje.steps.judged_file import JUDGED, KEPT
from spalje.steps.verdict_file import read_verdict
from spalje.storage import table


def execute(context: StepContext) -> StepResult:
    """Decide, write ``decision.json``, and publish, block or judge the batch in the same transaction.

    With an input ``ground_truth`` it concludes on a batch that went out; without, it publishes or
    blocks the batch that this run predicted.

    Raises:
        BadInput: an inference run's decide step lacks features or predictions.
    """
    if "ground_truth" in context.inputs:
        return _judge(context)
    return _publish(context)


def _publish(context: StepContext) -> StepResult:
    for port in ("features", "predictions"):
        if port not in context.inputs:
            raise BadInput(
                f"Step '{context.spec.name}' ({context.spec.where}) has no input '{port}': a batch has one.",
                do=f"Give it {port}=… in the recipe.",
            )
    verdicts = {
        port.removeprefix("verdict_"): read_verdict(folder)
        for port, folder in context.inputs.items()
        if port.startswith("verdict_")
    }
    first, last = _dates(context.inputs["predictions"], context.problem.time)
    decision = decide_batch(
        verdicts,
        rules=_rules(context),
        standing=_before(context.facts["standing"](), first, last),
        evidence=_evidence(context),
        at=context.now,
    )
    _write(context, decision)
    batch = NewBatch(
        project=context.run.project,
        run=context.run.id,
        version=_version(context),
        first=first,
        last=last,
        rows=table.row_count(context.inputs["predictions"]),
        status=BatchStatus.BLOCKED if decision.action is Action.BLOCK else BatchStatus.PUBLISHED,
        action=str(decision.action),
        reasons=decision.reasons,
        artifacts=dict(context.input_digests),
    )
    return StepResult(effects=(batch,), outcome=str(decision.action))


def _judge(context: StepContext) -> StepResult:
    said = {
        name.removeprefix("verdict_"): read_verdict(folder)
        for name, folder in context.inputs.items()
        if name.startswith("verdict_")
    }
    port = f"verdict_{MODEL_QUALITY}"
    if port not in context.inputs:
        raise BadInput(
            f"Step '{context.spec.name}' ({context.spec.where}) judges a batch and has no verdict of "
            f"{MODEL_QUALITY}; it has {', '.join(sorted(said))}.",
            do=f'Give it a Check of monitor="{MODEL_QUALITY}" in verdicts=[…].',
        )
    verdict = said.pop(MODEL_QUALITY)
    decision = decide_quality(
        verdict,
        rules=_rules(context),
        standing=context.facts["standing"](),
        own=said,
        drift=context.facts["said"](),
        evidence=_evidence(context),
        at=context.now,
    )
    _write(context, decision)
    batch: Batch = context.facts["batch"]
    metrics = json.loads((context.inputs[port] / "metrics.json").read_text(encoding="utf-8"))
    judged = context.inputs[port] / JUDGED
    if judged.is_file():
        metrics[KEPT] = json.loads(judged.read_text(encoding="utf-8"))
    evaluation = Evaluation(
        batch=batch.id,
        run=context.run.id,
        ground_truth=context.input_digests["ground_truth"],
        coverage=float(metrics.get("coverage", 0.0)),
        outcome=str(verdict.outcome) if verdict else "missing",
        action=str(decision.action),
        reasons=decision.reasons,
        metrics=metrics,
    )
    return StepResult(effects=(evaluation,), outcome=str(decision.action))


def _rules(context: StepContext) -> Rules:
    """The rules of the step's settings; what they leave out is the project's word, then the default."""
    for name in context.settings:
        if name not in Rules.model_fields:
            raise NotFound("setting of a decision", name, Rules.model_fields)
    given = {"retrain": context.facts["retrain"], **context.settings}
    return checked(Rules, given, f"the settings of step '{context.spec.name}'")


def _before(standing: Standing, first: date | None, last: date | None) -> Standing:
    """Where the project stands, with only the batches about earlier days."""
    earlier = tuple(
        past for past in standing.earlier if first is None or past.day is None or past.day < first
    )
    return replace(standing, day=last, earlier=earlier)


def _evidence(context: StepContext) -> dict[str, str]:
    return {port: digest for port, digest in context.input_digests.items() if port.startswith("verdict_")}


def _write(context: StepContext, decision: Decision) -> None:
    text = decision.model_dump_json(indent=2)
    (context.output("decision") / "decision.json").write_text(text, encoding="utf-8")
    context.say(f"{decision.action}: {decision.reasons[0] if decision.reasons else ''}")


def _version(context: StepContext) -> int:
    if context.run.version is None:
        raise BadInput(
            f"{context.run.id} publishes a batch, but no input of its pipeline is of a model version.",
            do="Read the model from ApprovedVersion() in the recipe.",
        )
    return context.run.version


def _dates(predictions: Path, column: str | None) -> tuple[date | None, date | None]:
    if column is None:
        return None, None
    ends = pc.min_max(table.read(predictions, [column])[column]).as_py()
    return _day(ends["min"]), _day(ends["max"])


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return (
        value
        if isinstance(value, date)
        else date.fromisoformat(str(value)[:10])
        if value is not None
        else None
    )
