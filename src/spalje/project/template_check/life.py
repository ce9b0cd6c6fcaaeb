"""The whole life of a template's project on tiny data, through the command line, from creation to ground truth."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spalje.errors import BadInput
from spalje.model.program import Python
from spalje.pipeline.definition import Definition
from spalje.project.template.card import Check
from spalje.project.template.catalog_file import CatalogFile, Entry
from spalje.project.template.template import Template
from spalje.project.template_check.case import Case
from spalje.project.template_check.program import Said, run

_STEP_S = 1800.0
#: Everything ran, and a monitor had something to say: on tiny data that is as good.
_FINE = (0, 4)


@dataclass(frozen=True, slots=True)
class Life:
    """A project in a workspace of its own.

    Attributes:
        template: what it is made from.
        case: how the questions are answered.
        python: runs Spaljé and the template's programs.
        folder: where the workspace, the clones and the data go; is there, and empty.
        pipelines: repository -> its pipelines.
    """

    template: Template
    case: Case
    python: Python
    folder: Path
    pipelines: Mapping[str, Mapping[str, Definition]]

    @property
    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Name of each step of the life, and what does it; each raises BadInput with the last lines of its log."""
        build = self.pipelines["build"]
        deploy = self.pipelines["deploy"]
        yield "create", self._create
        yield "data", self._data
        if "build" in build:
            yield "build", lambda: self._start("build", build["build"])
            yield "approve", self._approve
        if "inference" in deploy:
            yield "inference", lambda: self._start("inference", deploy["inference"])
        if "quality" in deploy:
            yield "truth", self._truth

    @property
    def _check(self) -> Check:
        return self.template.check or Check()

    def _create(self) -> None:
        workspace = self.folder / "workspace"
        CatalogFile(workspace / "catalog.toml").put(
            self.template.name, Entry(source=str(self.template.folder), trusted=self.template.trusted)
        )
        answers = [
            word
            for name, value in self.case.answers.items()
            for word in ("--answer", f"{name}={value if isinstance(value, str) else json.dumps(value)}")
        ]
        words = ("--template", self.template.name, "--into", str(self.folder))
        self._spalje("project", "create", self.case.project, *words, *answers)

    def _data(self) -> None:
        build = self.folder / f"{self.case.project}-build"
        ended = run(self.python, [self._check.data, str(self.folder / "data")], build, timeout_s=_STEP_S)
        if ended.code != 0:
            raise BadInput(f"{self._check.data} ended with code {ended.code}.\n{ended.log}")

    def _start(self, pipeline: str, definition: Definition) -> None:
        given: Mapping[str, Any] = getattr(self._check, pipeline)
        words = []
        for wanted in definition.inputs:
            if wanted.source == "given":
                place = self.folder / "data" / wanted.name
                if not place.exists():
                    raise BadInput(
                        f"{self._check.data} wrote nothing for the input '{wanted.name}' of pipeline {pipeline}.",
                        do=f"Have it write FOLDER/{wanted.name}.",
                    )
                words += ["--input", f"{wanted.name}={place}"]
        for parameter in definition.parameters:
            if parameter.name in given:
                value = given[parameter.name]
                words += [
                    "--param",
                    f"{parameter.name}={value if isinstance(value, str) else json.dumps(value)}",
                ]
        self._spalje("run", "start", pipeline, "--project", self.case.project, *words)

    def _approve(self) -> None:
        self._spalje("model", "approve", f"{self.case.project}/1", "--reason", "template check")

    def _truth(self) -> None:
        truth = self.folder / "data" / "ground_truth"
        if not truth.exists():
            raise BadInput(
                f"{self._check.data} wrote no ground_truth, and there is a quality pipeline.",
                do="Have it write FOLDER/ground_truth: the business keys and the target as Parquet.",
            )
        said = self._spalje("batch", "truth", str(truth), "--project", self.case.project, "--json")
        if not json.loads(said.out)["runs"]:
            raise BadInput(
                "The ground truth is about no batch that was published.",
                do=f"Have {self._check.data} write the truth of the batch that inference makes.",
            )

    def _spalje(self, *words: str) -> Said:
        environ = {
            "SPALJE_WORKSPACE": str(self.folder / "workspace"),
            "SPALJE_USER": "template-check",
            "COLUMNS": "120",
        }
        ended = run(
            self.python, ["-P", "-m", "spalje", *words], self.folder, timeout_s=_STEP_S, environ=environ
        )  # fmt: skip
        if ended.code not in _FINE:
            raise BadInput(f"`spalje {' '.join(words[:3])}` ended with code {ended.code}.\n{ended.log}")
        return ended
