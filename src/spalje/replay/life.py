"""A project's history lived under one policy: real builds, real batches, real truth, in calendar order."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from spalje.errors import BadInput, StepFailed
from spalje.execution.order import Order
from spalje.lineage.run import Run, Status
from spalje.monitor.decision import Action
from spalje.monitor.verdict import Outcome
from spalje.registry.approval import decide
from spalje.registry.batch import Batch, BatchStatus
from spalje.registry.project import Project
from spalje.registry.version import ModelVersion, VersionStatus
from spalje.replay.calendar import date_parameter
from spalje.replay.kolmogorov import p_values
from spalje.replay.policy import Evidence, Policy, alarm, builds
from spalje.replay.week import Life, Week
from spalje.steps.judged_file import KEPT
from spalje.steps.verdict_file import read_verdict
from spalje.workspace import Workspace, now

#: Who starts, releases and approves in a replay.
WHO = "replay"
#: The pipeline that writes what really happened.
TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a project's pipelines are run for a day.

    Attributes:
        build, inference, truth: the date parameters of these pipelines; None for ``truth`` when the truth is
            in a file.
        given: pipeline -> its inputs that are given from outside.
        inputs: input -> location, for every pipeline that has it.
        truth_file: a table with the truth of the whole time.
    """

    build: str
    inference: str
    truth: str | None
    given: Mapping[str, tuple[str, ...]]
    inputs: Mapping[str, str] = field(default_factory=dict)
    truth_file: Path | None = None

    @classmethod
    def of(
        cls, workspace: Workspace, project: Project, inputs: Mapping[str, str], truth_file: Path | None
    ) -> "Recipe":
        """How a project is replayed, going by its recipes.

        Raises:
            BadInput: a pipeline has no date parameter, or nothing says what really happened.
        """
        definitions = {
            name: definition
            for repository in (project.build_repository, project.deploy_repository)
            for name, definition in workspace.code.definitions(
                workspace.code.checkout(repository, "main")
            ).items()
        }
        for name in ("build", "inference", "quality"):
            if name not in definitions:
                raise BadInput(
                    f"{project.name} has no pipeline '{name}', which a replay runs; it has "
                    f"{', '.join(sorted(definitions))}.",
                    do="Add it to the recipes.",
                )
        if truth_file is None and TRUTH not in definitions:
            raise BadInput(
                f"Nothing says what really happened: {project.name} has no pipeline '{TRUTH}'.",
                do="Give a table with the truth of the whole time: --truth FILE. Or add a pipeline of that name to the "
                "deploy repository, with a date parameter and one table as its output.",
            )
        return cls(
            build=date_parameter(definitions["build"]),
            inference=date_parameter(definitions["inference"]),
            truth=None if truth_file else date_parameter(definitions[TRUTH]),
            given={
                name: tuple(spec.name for spec in definition.inputs if spec.source == "given")
                for name, definition in definitions.items()
            },
            inputs=inputs,
            truth_file=truth_file,
        )


@dataclass
class Replayer:
    """Lives a project's history under one policy.

    Attributes:
        workspace: of the replay: nothing of it is seen by the project's own.
        policy: the policy.
        name: what the project is called in the replay's workspace.
        recipe: how pipelines are run for a day.
        say: told how far it is: days done.
    """

    workspace: Workspace
    policy: Policy
    name: str
    recipe: Recipe
    say: Callable[[int], None] = lambda _: None
    _cost: float = 0.0
    _pinned: dict[str, str] = field(default_factory=dict)

    def live(self, calendar: tuple[date, ...]) -> Life:
        """Live through the days: truth of the last batch, a new model if the policy wants one, the next batch.

        Raises:
            StepFailed: a pipeline failed.
        """
        built = calendar[0]
        self._build(built)
        weeks: list[Week] = []
        verdicts: dict[date, dict[str, str]] = {}
        batch, began = self._predict(calendar[0]), self._take_cost()
        first_cost = began
        for place, day in enumerate(calendar):
            following = calendar[place + 1] if place + 1 < len(calendar) else None
            batch = self._judge(batch, day)
            evidence = self._evidence(batch, ((following or day) - built).days)
            why = builds(self.policy, evidence) if following is not None else None
            accepted = False
            if why is not None and following is not None:
                accepted = self._build(following)
            verdicts[day] = self._verdicts(batch)
            weeks.append(self._week(batch, day, built, evidence, why, accepted=accepted))
            if accepted and following is not None:
                built = following
            if following is not None:
                batch = self._predict(following)
            self.say(place + 1)
        return Life(self.policy, tuple(weeks), first_cost + sum(week.cost for week in weeks), verdicts)

    def _build(self, day: date) -> bool:
        """Build a model as of a day; whether it serves from then on: unless it is worse than the one that does."""
        run = self._run("build", {self.recipe.build: str(day)}, trigger="retrain")
        version = self.workspace.metadata.versions.list(self.name)[0]
        worse = _worse(self.workspace, run)
        wanted = VersionStatus.REJECTED if worse else VersionStatus.APPROVED
        self._decide(version, wanted, worse or f"Built on {day}.")
        return not worse

    def _decide(self, version: ModelVersion, wanted: VersionStatus, reason: str) -> None:
        metadata = self.workspace.metadata
        approval = decide(version, wanted, WHO, reason, now(), project=metadata.projects.get(self.name))
        metadata.versions.decide(self.name, version.number, version, approval)

    def _predict(self, day: date) -> Batch:
        run = self._run("inference", {self.recipe.inference: str(day)}, trigger="schedule")
        batch = next(
            one for one in self.workspace.metadata.batches.list(self.name, 10) if one.content.run == run.id
        )
        if batch.content.status is BatchStatus.BLOCKED:
            batch = self.workspace.metadata.batches.release(
                batch.id, WHO, "A replay looks at every batch.", now()
            )
        return batch

    def _judge(self, batch: Batch, day: date) -> Batch:
        """The batch, once its truth is known."""
        for run in self.workspace.deliver_truth(self.name, self._truth(day), WHO):
            self._ended(run)
        return self.workspace.metadata.batches.get(batch.id)

    def _truth(self, day: date) -> Path:
        if self.recipe.truth is None:
            assert self.recipe.truth_file is not None  # noqa: S101  one of the two, see Recipe.of
            return self.recipe.truth_file
        run = self._run(TRUTH, {self.recipe.truth: str(day)}, trigger="schedule")
        states = self.workspace.metadata.steps.all(run.id).values()
        outputs = [digest for state in states for digest in state.outputs.values()]
        return self.workspace.artifacts.open(outputs[-1])

    def _run(self, pipeline: str, parameters: Mapping[str, str], trigger: str) -> Run:
        names = self.recipe.given[pipeline]
        known = {**self.recipe.inputs, **self._pinned}
        given = {name: known[name] for name in names if name in known}
        run = self.workspace.starter.start(
            Order(self.name, pipeline, WHO, parameters, given, trigger=trigger)
        )
        for name in names:  # the next run need not copy it again
            self._pinned[name] = f"sha256:{run.inputs[name]}"
        return self._ended(run)

    def _ended(self, run: Run) -> Run:
        ended = self.workspace.execute(run)
        states = self.workspace.metadata.steps.all(run.id).values()
        for state in states:
            paid = state
            if state.reused_from is not None:
                paid = self.workspace.metadata.steps.all(state.reused_from)[state.step]
            self._cost += paid.usage.cost if paid.usage else 0.0
        if ended.status is not Status.SUCCEEDED:
            bad = next((state for state in states if state.status is Status.FAILED), None)
            raise StepFailed(
                f"The replay under policy {self.policy} failed in {run.id}: {ended.error}",
                do=f"See it with: spalje run show {run.id} --workspace {self.workspace.folder}",
                log=(bad.error or "") if bad else "",
            )
        return ended

    def _take_cost(self) -> float:
        cost, self._cost = self._cost, 0.0
        return cost

    def _evidence(self, batch: Batch, days: int) -> Evidence:
        outcomes: dict[str, Outcome] = {}
        for port, digest in batch.content.artifacts.items():
            verdict = (
                read_verdict(self.workspace.artifacts.open(digest)) if port.startswith("verdict_") else None
            )
            if verdict is not None:
                outcomes[port.removeprefix("verdict_")] = verdict.outcome
        actions = [Action(batch.content.action)]
        if batch.evaluations:
            latest = batch.evaluations[-1]
            outcomes["model_quality"] = Outcome(latest.outcome)
            actions.append(Action(latest.action))
        p: dict[str, float] = {}
        version = self.workspace.metadata.versions.get(self.name, batch.content.version)
        baseline, checked = (
            version.content.baselines.get("data_quality"),
            batch.content.artifacts.get("verdict_data_quality"),
        )
        if self.policy is Policy.KS and baseline and checked:
            p = p_values(self.workspace.artifacts.open(baseline), self.workspace.artifacts.open(checked))
        return Evidence(outcomes, tuple(actions), p, days)

    def _verdicts(self, batch: Batch) -> dict[str, str]:
        found = {
            port: digest for port, digest in batch.content.artifacts.items() if port == "verdict_data_quality"
        }
        if batch.evaluations:
            for state in self.workspace.metadata.steps.all(batch.evaluations[-1].run).values():
                if "verdict" in state.outputs:
                    found["verdict_model_quality"] = state.outputs["verdict"]
        return found

    def _week(
        self, batch: Batch, day: date, built: date, evidence: Evidence, why: str | None, *, accepted: bool
    ) -> Week:
        metrics = batch.evaluations[-1].metrics if batch.evaluations else {}
        judged = metrics.get(KEPT)
        return Week(
            day=day,
            built=built,
            outcomes=evidence.outcomes,
            blocked=batch.content.action == Action.BLOCK,
            alarm=alarm(self.policy, evidence),
            rebuilt=why,
            accepted=accepted,
            score=judged["score"] if judged else None,
            sums=tuple(judged["sums"]) if judged else None,
            metrics={name: float(value) for name, value in metrics.items() if isinstance(value, int | float)},
            cost=self._take_cost(),
        )


def _worse(workspace: Workspace, run: Run) -> str | None:
    """Why a new model is not taken into use: it is worse than the one that serves, and not by chance."""
    for state in workspace.metadata.steps.all(run.id).values():
        if state.kind == "compare":
            path = workspace.artifacts.open(state.outputs["report"]) / "comparison.json"
            found = json.loads(path.read_text(encoding="utf-8"))
            return str(found["summary"]) if found.get("outcome") == "worse" else None
    return None
