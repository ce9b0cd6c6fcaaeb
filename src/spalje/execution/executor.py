"""Executing one step: the same call for the embedded runner, an Airflow task or a pod."""

import shutil
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from spalje.errors import SpaljeError, StepFailed
from spalje.execution.condition import holds
from spalje.execution.cost import Stopwatch
from spalje.execution.environment import Environment
from spalje.execution.event import Event, Listener, ignore
from spalje.execution.key import settings_of, source_digest, step_key
from spalje.execution.lease import Heartbeat
from spalje.execution.script import Cancellation, ProjectScripts
from spalje.lineage.lease import Lease
from spalje.lineage.run import Artifact, Run, Status, StepRun
from spalje.pipeline.definition import Definition, Reference, StepSpec
from spalje.pipeline.kind import KINDS, runs_users_code
from spalje.settings import Settings
from spalje.steps import StepFunction, step_function
from spalje.steps.context import StepContext, StepResult
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata

States = Mapping[str, StepRun]


@dataclass(frozen=True, slots=True)
class Executor:
    """Executes steps of runs.

    Attributes:
        folder: the workspace; logs go to its ``runs/``.
        source: gives the repository at a run's commit.
        environment: gives the environment of that name for a run's scripts.
        facts: gives what registering and deciding need to know of the registry.
        function: gives the function of a kind of step.
        use_cache: whether earlier successes with the same key are reused.
        cancellation: stops the users' processes of all steps that this executor runs.
        foreign: whether successes of other projects with the same key are reused as well.
        alone: held while a step with a key is looked up or executed, so that no two do the same work.
    """

    metadata: Metadata
    artifacts: Artifacts
    settings: Settings
    folder: Path
    heartbeat: Heartbeat
    source: Callable[[Run], Path]
    environment: Callable[[Run, str], Environment]
    facts: Callable[[Run], Mapping[str, Any]]
    clock: Callable[[], datetime]
    function: Callable[[str], StepFunction] = step_function
    use_cache: bool = True
    cancellation: Cancellation = field(default_factory=Cancellation)
    foreign: bool = False
    alone: Callable[[str], AbstractContextManager[object]] = lambda _: nullcontext()

    def execute(
        self,
        run: Run,
        definition: Definition,
        step: str,
        states: States | None = None,
        listener: Listener = ignore,
    ) -> StepRun:
        """Execute one step of a run, or find that there is nothing to do.

        Args:
            states: the run's step runs where they are at hand; read from the metadata otherwise.

        Returns:
            The step run as it ended: succeeded (also when it had succeeded before), failed,
            skipped or cancelled.

        Raises:
            Conflict: somebody alive executes this very step.
            SpaljeError: a step that it needs has not succeeded.
        """
        spec = definition.step(step)
        states = self.metadata.steps.all(run.id) if states is None else states
        if states[step].status is Status.SUCCEEDED:
            return states[step]
        missing = sorted(name for name in spec.needs if states[name].status is not Status.SUCCEEDED)
        if missing:
            raise SpaljeError(
                f"Step '{step}' of {run.id} needs '{missing[0]}', which is {states[missing[0]].status}.",
                do=f"Execute it first: spalje step execute {run.id} {missing[0]}",
            )
        with self.heartbeat.hold(f"step/{run.id}/{step}") as lease:
            return _Attempt(self, run, definition, spec, states, lease, listener).make()

    def skip(self, run: Run, step_run: StepRun, because: str, listener: Listener = ignore) -> StepRun:
        """Record that a step is not executed because one that it needs was skipped."""
        said = f"'{because}', which it needs, was skipped."
        skipped = replace(step_run, status=Status.SKIPPED, error=said, ended_at=self.clock())
        with self.heartbeat.hold(f"step/{run.id}/{step_run.step}") as lease:
            self.metadata.steps.end(skipped, lease)
        listener(Event(step_run.step, "skipped", said, skipped))
        return skipped

    def log_of(self, run: Run, step: str) -> Path:
        """Where a step's log is."""
        return self.folder / "runs" / run.project / run.pipeline / str(run.number) / f"{step}.log"

    def digest_of(self, reference: Reference, run: Run, states: States) -> str:
        """The artifact that a reference stands for in a run."""
        if reference.input is not None:
            return run.inputs[reference.input]
        return states[str(reference.step)].outputs[str(reference.output)]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt at one step, while its lease is held."""

    executor: Executor
    run: Run
    definition: Definition
    spec: StepSpec
    states: States
    lease: Lease
    listener: Listener
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def make(self) -> StepRun:
        attempt = replace(
            self.states[self.spec.name], status=Status.RUNNING, started_at=self.executor.clock()
        )
        scratch = self.executor.artifacts.scratch()
        try:
            if not self._wanted():
                return self._ended(
                    attempt, Status.SKIPPED, f"Its condition does not hold: {self._condition()}."
                )
            settings, environment, attempt = self._keyed(attempt)
            with self.executor.alone(str(attempt.key)):
                if reused := self._reusable(attempt):
                    done = replace(attempt, reused_from=reused.run, outputs=reused.outputs)
                    return self._succeeded(done, (), StepResult())
                return self._executed(attempt, settings, environment, scratch)
        except SpaljeError as error:
            return self._failed(attempt, error)
        except Exception as error:  # noqa: BLE001  whatever a step meets, the run's record says so
            trace = traceback.format_exc()
            self._log().open("a", encoding="utf-8").write(trace)
            said = f"Spaljé itself failed in step '{self.spec.name}': {type(error).__name__}: {error}."
            return self._failed(
                attempt, StepFailed(said, do="Please report this, with the step's log.", log=trace)
            )
        except KeyboardInterrupt:
            self._ended(attempt, Status.CANCELLED, "Stopped by hand.")
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _executed(
        self, attempt: StepRun, settings: Mapping[str, Any], environment: Environment, scratch: Path
    ) -> StepRun:
        self.executor.metadata.steps.start(attempt, self.lease)
        self.listener(Event(self.spec.name, "started"))
        context = self._context(attempt, settings, environment, scratch)
        result = self.executor.function(self.spec.kind)(context)
        outputs = {
            name: self.executor.artifacts.put(context.output(name), kind)
            for name, kind in self.spec.outputs.items()
        }
        done = replace(attempt, outputs={name: artifact.digest for name, artifact in outputs.items()})
        return self._succeeded(done, tuple(outputs.values()), result)

    def _keyed(self, attempt: StepRun) -> tuple[dict[str, Any], Environment, StepRun]:
        executor, spec = self.executor, self.spec
        settings = settings_of(spec, self.run.parameters)
        inputs = {port: executor.digest_of(ref, self.run, self.states) for port, ref in spec.inputs.items()}
        environment = executor.environment(self.run, self.definition.environment_of(spec.name))
        source = source_digest(executor.source(self.run), spec) if spec.script else None
        lock = environment.lock if runs_users_code(spec) else None
        key = step_key(spec, self.definition.problem, settings, inputs, source, lock)
        return (
            settings,
            environment,
            replace(attempt, inputs=inputs, source=source, environment=lock, key=key),
        )

    def _reusable(self, attempt: StepRun) -> StepRun | None:
        """An earlier success with the same key whose outputs are still there and sound."""
        kind = KINDS[self.spec.kind]
        if not (self.executor.use_cache and self.spec.cache and kind.cached and attempt.key):
            return None
        project = None if self.executor.foreign else self.run.project
        found = self.executor.metadata.steps.find(project, attempt.key)
        if found is None:
            return None
        try:
            for digest in found.outputs.values():
                self.executor.artifacts.open(digest)
        except SpaljeError:
            return None
        return found

    def _context(
        self, attempt: StepRun, settings: Mapping[str, Any], environment: Environment, scratch: Path
    ) -> StepContext:
        executor, spec = self.executor, self.spec
        log = self._log()

        def say(line: str) -> None:
            self.listener(Event(spec.name, "said", line))

        source = executor.source(self.run)
        inputs = {port: executor.artifacts.open(digest) for port, digest in attempt.inputs.items()}
        return StepContext(
            run=self.run,
            spec=spec,
            settings=settings,
            problem=self.definition.problem,
            inputs=inputs,
            input_digests=attempt.inputs,
            source=source,
            scratch=scratch,
            scripts=ProjectScripts(
                environment=environment,
                log=log,
                scratch=scratch,
                meter=self.stopwatch.meter,
                cancellation=executor.cancellation,
                timeout_s=spec.timeout_s,
                say=say,
                reads=(source, *inputs.values()),
            ),
            log=log,
            now=executor.clock(),
            facts={} if KINDS[spec.kind].cached else executor.facts(self.run),
            say=say,
        )

    def _log(self) -> Path:
        log = self.executor.log_of(self.run, self.spec.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        return log

    def _wanted(self) -> bool:
        if self.spec.when is None:
            return True
        report = self.executor.digest_of(self.spec.when.report, self.run, self.states)
        return holds(self.spec.when, self.executor.artifacts.open(report))

    def _condition(self) -> str:
        when = self.spec.when
        return f"{when.metric} {when.operator} {when.value:g}" if when else ""

    def _succeeded(self, done: StepRun, artifacts: tuple[Artifact, ...], result: StepResult) -> StepRun:
        done = replace(
            done,
            status=Status.SUCCEEDED,
            usage=self.stopwatch.usage(self.executor.settings),
            ended_at=self.executor.clock(),
        )
        self.executor.metadata.steps.succeed(done, artifacts, result.effects, self.lease)
        what = "reused" if done.reused_from else "succeeded"
        self.listener(Event(self.spec.name, what, result.outcome or "", done))
        return done

    def _failed(self, attempt: StepRun, error: SpaljeError) -> StepRun:
        stopped = self.executor.cancellation.asked
        log = error.log if isinstance(error, StepFailed) else ""
        said = "\n".join(part for part in (str(error), error.do, log) if part)
        return self._ended(attempt, Status.CANCELLED if stopped else Status.FAILED, said)

    def _ended(self, attempt: StepRun, status: Status, said: str) -> StepRun:
        ended = replace(
            attempt,
            status=status,
            error=said,
            usage=self.stopwatch.usage(self.executor.settings),
            ended_at=self.executor.clock(),
        )
        self.executor.metadata.steps.end(ended, self.lease)
        self.listener(Event(self.spec.name, str(status), said, ended))
        return ended
