"""How a run ends, by how its steps ended; and what it leads to, for whoever drives it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spalje.errors import Conflict
from spalje.execution.consequence import Conclusion, conclusion
from spalje.execution.executor import Executor
from spalje.execution.owner import alive
from spalje.lineage.run import Run, Status, StepRun
from spalje.pipeline import plan
from spalje.pipeline.definition import Definition, StepSpec
from spalje.steps.verdict_file import read_verdict
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata

#: So many of a project's last batches are searched for the one that a run made.
_RECENT = 100


def ending(states: Mapping[str, StepRun]) -> tuple[Status, str | None]:
    """The status of a run whose steps have ended so, and what went wrong.

    Example:
        >>> ending({"train": StepRun("p/build/1", "train", "train", Status.FAILED, error="No data.")})
        (<Status.FAILED: 'failed'>, "Step 'train' failed: No data.")
    """
    for status in (Status.CANCELLED, Status.FAILED):
        bad = next((state for state in states.values() if state.status is status), None)
        if bad is not None:
            return status, f"Step '{bad.step}' {status}: {bad.error}"
    return Status.SUCCEEDED, None


def conclude(executor: Executor, run: Run, definition: Definition) -> Run:
    """End a run whose steps another orchestrator executed, as the embedded runner ends one.

    A step whose process is gone is cancelled, and so is one that nobody executed although nothing had gone wrong; what
    needs a skipped step is skipped. A run that has ended stays as it is.

    Raises:
        Conflict: somebody alive executes one of its steps.
    """
    if run.status.ended:
        return run
    states = executor.metadata.steps.all(run.id)
    for state in states.values():
        _refuse_alive(executor, run, state)
    skipped = [name for name, state in states.items() if state.status is Status.SKIPPED]
    for name in skipped:
        _skip(executor, run, states, name, plan.followers(definition, name))
    _cancel(executor, run, states, Status.RUNNING, "The process that executed it is gone.")
    if ending(states)[0] is Status.SUCCEEDED:
        _cancel(executor, run, states, Status.WAITING, "The run was ended before it was executed.")
    status, said = ending(states)
    return executor.metadata.runs.finish(run.id, status, said, executor.clock())


def _skip(
    executor: Executor, run: Run, states: dict[str, StepRun], because: str, followers: Iterable[str]
) -> None:
    """Record the steps that wait for a skipped one as skipped."""
    for follower in followers:
        if states[follower].status is Status.WAITING:
            states[follower] = executor.skip(run, states[follower], because)


def _refuse_alive(executor: Executor, run: Run, state: StepRun) -> None:
    holder = executor.metadata.leases.holder(f"step/{run.id}/{state.step}")
    if state.status is Status.RUNNING and holder is not None and alive(holder.owner):
        raise Conflict(
            f"Step '{state.step}' of {run.id} is being executed by {holder.owner}.",
            do=f"Wait for it, or stop it: spalje step cancel {run.id} {state.step}",
        )


def _cancel(executor: Executor, run: Run, states: dict[str, StepRun], status: Status, said: str) -> None:
    """Record the steps of a status as cancelled."""
    for name, state in states.items():
        if state.status is status:
            states[name] = replace(state, status=Status.CANCELLED, error=said, ended_at=executor.clock())
            with executor.heartbeat.hold(f"step/{run.id}/{name}") as lease:
                executor.metadata.steps.end(states[name], lease)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        run: as it ended.
        verdicts: monitor -> ok, warning, alarm or insufficient.
        decision: what was decided, and why; None for a run without a decide step.
        batch: the batch that it made or is about, with its status; None for none.
        version: the model version that it registered, ``<project>/<number>``; None for none.
    """

    run: Run
    verdicts: Mapping[str, str]
    decision: Conclusion | None
    batch: Mapping[str, str] | None
    version: str | None

    @property
    def retrain(self) -> bool:
        """Whether a build is to be started without a person."""
        return self.decision is not None and self.decision.action == "retrain" and self.decision.automatic

    def told(self) -> dict[str, Any]:
        """For machines."""
        return {
            "run": self.run,
            "verdicts": self.verdicts,
            "decision": self.decision,
            "batch": self.batch,
            "version": self.version,
            "retrain": self.retrain,
        }


def verdicts_of(step: StepSpec, state: StepRun, artifacts: Artifacts) -> dict[str, str]:
    """What a step's verdicts say, a script's own included: monitor -> ok, warning, alarm or insufficient."""
    digests = [state.outputs.get(output) for output, kind in step.outputs.items() if kind == "verdict"]
    read = [read_verdict(artifacts.open(digest)) for digest in digests if digest is not None]
    return {verdict.monitor: str(verdict.outcome) for verdict in read if verdict is not None}


def outcome(run: Run, metadata: Metadata, artifacts: Artifacts) -> Outcome:
    """What came of a run that has ended."""
    states = metadata.steps.all(run.id)
    verdicts: dict[str, str] = {}
    for step in Definition.model_validate_json(run.definition).steps if run.definition else ():
        verdicts |= verdicts_of(step, states[step.name], artifacts)
    decided = conclusion(states, artifacts)
    batches = metadata.batches.list(run.project, _RECENT)
    about = next((batch for batch in batches if run.id == batch.content.run or batch.id == run.batch), None)
    versions = metadata.versions.list(run.project)
    return Outcome(
        run=run,
        verdicts=verdicts,
        decision=decided if decided.action else None,
        batch={"id": about.id, "status": str(about.content.status)} if about else None,
        version=next((version.id for version in versions if version.content.run == run.id), None),
    )
