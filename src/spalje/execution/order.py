"""What somebody wants run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spalje.registry.batch import Batch


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants run.

    Attributes:
        project, pipeline: names.
        parameters: parameter -> text or value.
        inputs: input -> location, see ``spalje.execution.pinning.locate``.
        ref: branch, tag or commit; main by default.
        trigger: push, manual, schedule, retrain or ground-truth.
        by: who.
        batch: the batch it is about, for pipelines that read one.
        key: by which another orchestrator finds the run again; the same key is the same run.
        link: where that orchestrator shows it.
    """

    project: str
    pipeline: str
    by: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    ref: str = "main"
    trigger: str = "manual"
    batch: Batch | None = None
    key: str | None = None
    link: str = ""
