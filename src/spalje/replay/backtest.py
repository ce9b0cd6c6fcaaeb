"""A project's history lived again under several policies, side by side, in a workspace of its own."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from spalje.replay.life import Recipe, Replayer
from spalje.replay.placebo import Placebo, placebo
from spalje.replay.policy import Policy, revised
from spalje.replay.week import Life
from spalje.workspace import Replay, Workspace, now

#: Where a workspace keeps the replays of its projects.
FOLDER = "replays"


@dataclass(frozen=True, slots=True)
class Backtest:
    """What would have been.

    Attributes:
        project: whose history it is.
        days: on which batches were predicted.
        lives: one for each policy.
        placebo: how often each policy that watches would alarm in weeks between which nothing can have
            changed; empty where there were too few weeks.
        currency: of costs.
    """

    project: str
    days: tuple[date, ...]
    lives: tuple[Life, ...]
    placebo: Mapping[Policy, Placebo]
    currency: str

    @property
    def document(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "project": self.project,
            "days": [str(day) for day in self.days],
            "currency": self.currency,
            "policies": [self._policy(life) for life in self.lives],
        }

    def _policy(self, life: Life) -> dict[str, Any]:
        false = self.placebo.get(life.policy)
        return {
            "policy": life.policy,
            "alarms": life.alarms,
            "batches": len(life.weeks),
            "false_alarms": false.rate if false else None,
            "placebo_weeks": false.weeks if false else None,
            "retrainings": life.builds,
            "accepted": life.accepted,
            "blocked": life.blocked,
            "cost": life.cost,
            "score": life.score,
            "figures": life.figures,
            "weeks": [
                {
                    "day": str(week.day),
                    "built": str(week.built),
                    "outcomes": dict(week.outcomes),
                    "blocked": week.blocked,
                    "alarm": week.alarm,
                    "rebuilt": week.rebuilt,
                    "accepted": week.accepted,
                    "metrics": dict(week.metrics),
                    "cost": week.cost,
                }
                for week in life.weeks
            ],
        }


@dataclass(slots=True)
class Keys:
    """A lock for each key, made when it is first asked for."""

    _locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Hold the lock of a key."""
        with self._guard:
            lock = self._locks[key]
        with lock:
            yield


def backtest(
    workspace: Workspace,
    project: str,
    days: Sequence[date],
    policies: Sequence[Policy],
    *,
    inputs: Mapping[str, str],
    truth: Path | None = None,
    parallel: int = 2,
    say: Callable[[Policy, int], None] = lambda _policy, _done: None,
) -> Backtest:
    """Live a project's history again under each policy.

    Everything is really run, in calendar order: builds, checks, predictions, truth. It happens in a
    workspace of its own, so that the project's versions and batches stay what they are. Steps that any policy
    has done, also in an earlier replay, are not done again.

    Args:
        workspace: the project's.
        project: its name.
        days: on which a batch is predicted; the first model is built on the first.
        policies: which.
        inputs: input -> location; what is not given is where ``spalje.toml`` says.
        truth: a table with the truth of the whole time; None: the pipeline ``truth`` writes it.
        parallel: how many policies are lived side by side.
        say: told how many days of a policy are done.

    Raises:
        NotFound: no such project.
        BadInput: its recipes cannot be replayed.
        StepFailed: a pipeline failed.
    """
    original = workspace.metadata.projects.get(project)
    recipe = Recipe.of(workspace, original, inputs, truth)
    home = Workspace.create(workspace.folder / FOLDER / project)
    settings = workspace.settings.model_copy(
        update={"metadata_url": "", "parallel_steps": max(1, workspace.settings.parallel_steps // parallel)}
    )
    keys = Keys()

    def live(policy: Policy) -> Life:
        own = Workspace(home.folder, settings, Replay(partial(revised, policy), keys.alone))
        name = _next_name(own, policy)
        own.metadata.projects.create(
            replace(original, name=name, approvers=(), four_eyes=False, retrain="propose", created_at=now())
        )
        life = Replayer(own, policy, name, recipe, partial(say, policy)).live(tuple(days))
        own.metadata.close()
        return life

    with ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="policy") as pool:
        lives = tuple(pool.map(live, policies))
    still = next((life for life in lives if life.policy is Policy.NEVER), None)
    found = placebo(still, Workspace(home.folder, settings).artifacts) if still is not None else {}
    return Backtest(project, tuple(days), lives, found, settings.currency)


def _next_name(workspace: Workspace, policy: Policy) -> str:
    """What the project is called in the replay: each replay is a new life."""
    known = {project.name for project in workspace.metadata.projects.all()}
    number = 1
    while f"{policy}-{number}" in known:
        number += 1
    return f"{policy}-{number}"
