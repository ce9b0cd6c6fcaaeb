"""The embedded runner: executes a run's steps in order, independent ones side by side."""

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from spalje.execution.ending import ending
from spalje.execution.event import Listener, ignore
from spalje.execution.executor import Executor
from spalje.lineage.lease import Lease
from spalje.lineage.run import Run, Status, StepRun
from spalje.pipeline import plan
from spalje.pipeline.definition import Definition


@dataclass(frozen=True, slots=True)
class Runner:
    """Executes whole runs."""

    executor: Executor

    def run(
        self, run: Run, definition: Definition, listener: Listener = ignore, claim: Lease | None = None
    ) -> Run:
        """Execute what is left of a run, holding the pipeline's lease.

        Args:
            run: the run.
            definition: its pipeline.
            listener: told what happens.
            claim: the lease as the run's orchestrator holds it, which is handed over.

        Returns:
            The run as it ended: succeeded, failed or cancelled.

        Raises:
            Conflict: another run of the same pipeline is being executed.
            KeyboardInterrupt: asked to stop; the run is then cancelled and can be resumed.
        """
        with self.executor.heartbeat.hold(f"pipeline/{run.project}/{run.pipeline}", claim):
            states = self.executor.metadata.steps.all(run.id)
            workers = min(self.executor.settings.parallel_steps, len(definition.steps))
            with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="step") as pool:
                going: dict[Future[StepRun], str] = {}
                try:
                    self._advance(run, definition, states, going, pool, listener)
                except BaseException:
                    self.executor.cancellation.ask()
                    wait(going)
                    self._finish(run, Status.CANCELLED, "It was stopped before its end.")
                    raise
            return self._conclude(run, states)

    def _advance(
        self,
        run: Run,
        definition: Definition,
        states: dict[str, StepRun],
        going: dict[Future[StepRun], str],
        pool: ThreadPoolExecutor,
        listener: Listener,
    ) -> None:
        """Start what is ready, wait for something to end, and so on until nothing is left."""
        while True:
            statuses = {name: state.status for name, state in states.items()}
            for spec in plan.ready(definition, statuses):
                if spec.name not in going.values():
                    future = pool.submit(
                        self.executor.execute, run, definition, spec.name, dict(states), listener
                    )
                    going[future] = spec.name
            if not going:
                return
            for future in wait(going, return_when=FIRST_COMPLETED).done:
                name = going.pop(future)
                states[name] = future.result()
                if states[name].status is Status.SKIPPED:
                    for follower in plan.followers(definition, name):
                        states[follower] = self.executor.skip(run, states[follower], name, listener)

    def _conclude(self, run: Run, states: dict[str, StepRun]) -> Run:
        status, said = ending(states)
        return self._finish(run, status, said)

    def _finish(self, run: Run, status: Status, error: str | None) -> Run:
        return self.executor.metadata.runs.finish(run.id, status, error, self.executor.clock())
