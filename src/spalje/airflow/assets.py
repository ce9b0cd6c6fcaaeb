"""What happens in a project and DAGs can be scheduled on: four assets, and the events of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow.sdk import Asset, AssetAlias


@dataclass(frozen=True, slots=True)
class Assets:
    """The assets of a project.

    Attributes:
        project: its name.

    Example:
        >>> Assets("fresh").ground_truth.uri
        'spalje://fresh/ground-truth'
    """

    project: str

    @property
    def model_approved(self) -> Asset:
        """A person has approved a model version."""
        return self._asset("model-approved")

    @property
    def batch_published(self) -> Asset:
        """A batch of predictions has gone out."""
        return self._asset("batch-published")

    @property
    def ground_truth(self) -> Asset:
        """It is known what really happened; the event's extra has ``truth``, a path or an artifact."""
        return self._asset("ground-truth")

    @property
    def retrain_wanted(self) -> Asset:
        """A run has decided that a new model is to be built; the event's extra has ``run``."""
        return self._asset("retrain-wanted")

    @property
    def outcomes(self) -> AssetAlias:
        """The outlet of tasks that end runs: which assets get an event is known only then."""
        return AssetAlias(name=f"{self.project}/outcomes", group=self.project)

    def announce(self, outlet_events: Any, concluded: Mapping[str, Any]) -> None:
        """Give the assets that a run has to do with an event each.

        Args:
            outlet_events: the task's.
            concluded: what ``spalje run conclude`` answers.
        """
        extra = {"run": concluded["run"]["id"], "version": concluded["run"]["version"]}
        batch = concluded["batch"]
        if batch and concluded["run"]["batch"] is None and batch["status"] != "blocked":
            outlet_events[self.outcomes].add(self.batch_published, extra={**extra, "batch": batch["id"]})
        if concluded["retrain"]:
            outlet_events[self.outcomes].add(self.retrain_wanted, extra=extra)

    def _asset(self, what: str) -> Asset:
        return Asset(name=f"{self.project}/{what}", uri=f"spalje://{self.project}/{what}", group=self.project)
