"""What a task tells OpenLineage, where that provider is installed: artifacts as datasets, the run, the commit."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from spalje.airflow.place import Place

#: The namespace of every artifact: their names are hashes of their content, the same in every workspace.
NAMESPACE = "spalje://artifacts"


class ArtifactLineage:
    """For operators: what their task read and wrote of Spaljé's artifacts.

    The OpenLineage provider asks for it when the task has ended, in a process of its own; nothing is imported or
    asked where it is not installed.
    """

    #: The step that the task executes; empty: all of the run's.
    step = ""
    _told: tuple[Place, str] | None = None

    def remember(self, place: Place, run: str) -> None:
        """Keep what the task is about.

        Args:
            place: where Spaljé is.
            run: the run.
        """
        self._told = (place, run)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:  # noqa: ARG002  as the provider calls it
        """The task's datasets and facets; None: it had nothing to do with a run, or Spaljé does not answer."""
        if self._told is None:
            return None
        place, run = self._told
        asked = subprocess.run(
            place.words("run", "show", run), env=place.environ, capture_output=True, text=True, check=False
        )
        return lineage(json.loads(asked.stdout), self.step) if asked.returncode == 0 else None


def lineage(shown: Mapping[str, Any], step: str = "") -> Any:
    """The OpenLineage of a run, or of one of its steps.

    Args:
        shown: the JSON of ``spalje run show``.
        step: the step; empty: all, without what they hand to each other.

    Returns:
        An ``OperatorLineage`` of the provider.
    """
    from airflow.providers.openlineage.extractors import OperatorLineage  # noqa: PLC0415  not always installed
    from openlineage.client.event_v2 import Dataset  # noqa: PLC0415
    from openlineage.client.facet_v2 import (  # noqa: PLC0415
        documentation_dataset,
        source_code_location_job,
        tags_run,
    )

    run = shown["run"]
    inputs, outputs = artifacts(shown["steps"], step)

    def datasets(found: Mapping[str, str]) -> list[Any]:
        return [
            Dataset(
                NAMESPACE,
                f"sha256:{digest}",
                facets={"documentation": documentation_dataset.DocumentationDatasetFacet(description=name)},
            )
            for digest, name in found.items()
        ]

    code = source_code_location_job.SourceCodeLocationJobFacet(
        type="git", url=run["repository"], repoUrl=run["repository"], version=run["commit"]
    )
    tags = {"run": run["id"], "step": step, "commit": run["commit"], "project": run["project"]}
    return OperatorLineage(
        inputs=datasets(inputs),
        outputs=datasets(outputs),
        run_facets={
            "tags": tags_run.TagsRunFacet(
                tags=[
                    tags_run.TagsRunFacetFields(key=f"spalje.{name}", value=value, source="SPALJE")
                    for name, value in tags.items()
                    if value
                ]
            )
        },
        job_facets={"sourceCodeLocation": code},
    )


def artifacts(steps: Sequence[Mapping[str, Any]], step: str = "") -> tuple[dict[str, str], dict[str, str]]:
    """What was read and what was written: digest -> what it was there, for a person.

    Args:
        steps: the steps of a run.
        step: one of them; empty: all, and then what they hand to each other is only written.

    Example:
        >>> first = {"run": "p/build/1", "step": "make", "inputs": {"raw": "a1"}, "outputs": {"rows": "b2"}}
        >>> second = {"run": "p/build/1", "step": "train", "inputs": {"rows": "b2"}, "outputs": {"model": "c3"}}
        >>> artifacts([first, second])
        ({'a1': 'raw of p/build/1 make'}, {'b2': 'rows of p/build/1 make', 'c3': 'model of p/build/1 train'})
        >>> artifacts([first, second], "train")
        ({'b2': 'rows of p/build/1 train'}, {'c3': 'model of p/build/1 train'})
    """
    asked = [one for one in steps if step in ("", one["step"])]
    read, written = (
        {
            digest: f"{name} of {one['run']} {one['step']}"
            for one in asked
            for name, digest in one[side].items()
        }
        for side in ("inputs", "outputs")
    )
    return {digest: name for digest, name in read.items() if digest not in written}, written
