"""Runs that another orchestrator drives: recorded, executed step by step, concluded."""

from dataclasses import dataclass

from spalje.execution.claim import Claims
from spalje.execution.ending import Outcome, conclude, outcome
from spalje.execution.event import Listener, ignore
from spalje.execution.order import Order
from spalje.lineage.run import Run, Status, StepRun
from spalje.workspace.workspace import Workspace, definition_of


@dataclass(frozen=True, slots=True)
class Orchestration:
    """What another orchestrator asks for.

    Attributes:
        workspace: where the runs are.
    """

    workspace: Workspace

    @property
    def claims(self) -> Claims:
        """Which run of another orchestrator's holds which pipeline."""
        return Claims(self.workspace.heartbeat)

    def record(self, order: Order, *, claim: bool = False) -> Run:
        """Record a run that another orchestrator drives.

        Args:
            order: what is wanted, with a key.
            claim: no other run of the pipeline begins until this one is concluded.

        Raises:
            Conflict: another run has the pipeline; nothing is recorded then, for what it pinned would be old by its
                turn.
        """
        self.workspace.metadata.projects.get(order.project)
        known = self.workspace.metadata.runs.keyed(order.key) if order.key else None
        if not claim or order.key is None or known is not None:
            return self.workspace.starter.start(order)
        lease = self.claims.take(order.project, order.pipeline, order.key)
        try:
            return self.workspace.starter.start(order)
        except BaseException:
            self.workspace.metadata.leases.release(lease)
            raise

    def execute_rest(self, run: Run, *, listener: Listener = ignore) -> Run:
        """Execute what is left of a run, whatever became of it before; nothing is left of one that succeeded.

        Raises:
            Conflict: somebody alive executes it, or another run of the same pipeline.
        """
        if run.status is Status.SUCCEEDED:
            return run
        if run.status is not Status.WAITING and run.key is None:
            run = self.workspace.resume(run.id)
        elif run.status is not Status.WAITING:
            with self.claims.kept(run):
                run = self.workspace.metadata.runs.reopen(run.id)
        return self.workspace.execute(run, listener=listener, claim=self.claims.of(run))

    def execute_step(self, run: Run, step: str, listener: Listener = ignore) -> StepRun:
        """Execute one step of a run, as another orchestrator asks for it.

        A run with a key holds its pipeline meanwhile; one that had ended badly goes on. Of one that succeeded nothing
        is left to do: what was skipped stays so.

        Raises:
            Conflict: somebody alive executes this step, or another run has the pipeline.
            SpaljeError: a step that it needs has not succeeded.
        """
        definition = definition_of(run)
        state = self.workspace.metadata.steps.all(run.id)[step]
        if Status.SUCCEEDED in (state.status, run.status):
            return state
        with self.claims.kept(run):
            if run.status.ended:
                run = self.workspace.metadata.runs.reopen(run.id)
            return self.workspace.executor().execute(run, definition, step, listener=listener)

    def conclude(self, run: Run) -> Outcome:
        """End a run whose steps another orchestrator executed, and say what came of it.

        Raises:
            Conflict: somebody alive executes one of its steps.
        """
        ended = run
        if not run.status.ended:
            ended = conclude(self.workspace.executor(), run, definition_of(run))
            self.workspace.tell(ended)
        self.claims.release(run)
        return self.outcome(ended)

    def outcome(self, run: Run) -> Outcome:
        """What came of a run."""
        return outcome(run, self.workspace.metadata, self.workspace.artifacts)
