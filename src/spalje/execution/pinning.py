"""Pinning a run's inputs: from the start on, a run reads exactly these artifacts."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spalje.errors import BadInput, NotFound, Refused
from spalje.execution.environment import Environment
from spalje.lineage.run import Artifact
from spalje.model.program import Program
from spalje.monitor.suspicion import ESTIMATED
from spalje.pipeline.definition import Definition, InputSpec
from spalje.registry.batch import Batch
from spalje.registry.version import ModelVersion
from spalje.steps.judged_file import judged_batch, write_judged
from spalje.steps.verdict_file import VERDICT
from spalje.storage.artifacts import Artifacts
from spalje.storage.batch_file import CHECKED, ENDING

#: Prints where a package's folder is, having copied it to a third word: where others can read it.
_FIND_PACKAGE = """
import importlib.util, os, shutil, sys
spec = importlib.util.find_spec(sys.argv[1])
if spec and spec.submodule_search_locations:
    place = os.path.join(next(iter(spec.submodule_search_locations)), sys.argv[2])
    if len(sys.argv) > 3 and os.path.exists(place):
        place = (shutil.copytree if os.path.isdir(place) else shutil.copy)(place, sys.argv[3])
    print(place)
"""


#: The monitors that learn from what the truth said about earlier batches of the same version.
TRUTHFUL = ("model_quality", ESTIMATED)
#: monitor -> the file that its check leaves beside its verdict, and how it ends among those of earlier batches
LEFT = {"data_quality": (CHECKED, ENDING), "attribution": (VERDICT, f".{VERDICT}")}


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a run reads.

    Attributes:
        inputs: input -> artifact digest.
        artifacts: those of them that were stored now: from outside, or gathered from earlier batches.
    """

    inputs: Mapping[str, str]
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True)
class Pinner:
    """Finds the artifacts of a pipeline's inputs.

    Attributes:
        given: input -> a path, ``package:NAME/FOLDER``, or an artifact (``sha256:DIGEST``). What is
            not given is looked up in ``located``, and then in the definition's locations.
        version: the model version the run uses, where the pipeline needs one.
        batch: the batch the run is about, where the pipeline needs one.
        workspace: where relative paths of ``[inputs]`` in spalje.toml start.
        earlier: the batches that went out before, where the pipeline learns from them.
        located: input -> where the workspace has it; inputs that the pipeline does not have may be among them.
    """

    artifacts: Artifacts
    environment: Environment
    given: Mapping[str, str]
    version: ModelVersion | None
    batch: Batch | None
    workspace: Path
    earlier: tuple[Batch, ...] = ()
    located: Mapping[str, str] = field(default_factory=dict)

    def pin(self, definition: Definition) -> Pinned:
        """The artifact of every input; paths are copied into the artifact store first.

        Raises:
            NotFound: an input is given that the pipeline does not have.
            BadInput: an input is neither given nor located, or its path does not exist.
            Refused: the pipeline needs a model version or a batch and there is none.
        """
        wanted = {spec.name for spec in definition.inputs if spec.source == "given"}
        for name in self.given:
            if name not in wanted:
                raise NotFound("input", name, wanted)
        stored = {
            spec.name: self._stored(spec, definition) for spec in definition.inputs if spec.source == "given"
        }
        missing = {spec.name for spec in definition.inputs if self._may_miss(spec)}
        stored |= {
            spec.name: self.artifacts.put(self.artifacts.scratch(), spec.kind)
            for spec in definition.inputs
            if spec.name in missing
        }
        drawn = {
            spec.name: self._slot(spec, definition.name)
            for spec in definition.inputs
            if spec.source in ("version", "batch") and spec.name not in missing
        }
        stored |= {spec.name: self._history(spec) for spec in definition.inputs if spec.source == "earlier"}
        return Pinned(
            {name: artifact.digest for name, artifact in stored.items()} | drawn, tuple(stored.values())
        )

    def _located(self, location: str | None) -> str | None:
        """A location of spalje.toml or of the settings; a relative path starts at the workspace."""
        if location is None or location.startswith(("package:", "sha256:")):
            return location
        return str(self.workspace / Path(location).expanduser())

    def _may_miss(self, spec: InputSpec) -> bool:
        """Whether there is nothing to draw from, and that is allowed."""
        if not spec.optional:
            return False
        if spec.source == "version":
            return self.version is None
        return self.batch is not None and spec.name.rpartition(".")[2] not in _slots(self.batch)

    def _slot(self, spec: InputSpec, pipeline: str) -> str:
        """A part of the pinned version or batch."""
        word = spec.name.rpartition(".")[2]
        if spec.source == "version":
            if self.version is None:
                raise Refused(
                    f"Pipeline '{pipeline}' needs an approved model version, and none is approved yet.",
                    do="See what is there with `spalje model list PROJECT`, then approve one: "
                    "`spalje model approve PROJECT/NUMBER --reason …`.",
                )
            slots = {"model": self.version.content.model, **self.version.content.baselines}
            of = f"part of model version {self.version.id}"
        else:
            if self.batch is None:
                raise Refused(
                    f"Pipeline '{pipeline}' is about a published batch, and none was named.",
                    do="Deliver ground truth with `spalje batch truth FILE --project PROJECT`: that starts it.",
                )
            slots = _slots(self.batch)
            of = f"part of batch {self.batch.id}"
        if word not in slots:
            raise NotFound(of, word, slots)
        return slots[word]

    def _history(self, spec: InputSpec) -> Artifact:
        """What a monitor's checks left of earlier batches: one file a batch, in one folder."""
        monitor = spec.name.rpartition(".")[2]
        folder = self.artifacts.scratch()
        for batch in self.earlier:
            if monitor in TRUTHFUL:
                self._judged(monitor, batch, folder)
                continue
            name, ending = LEFT[monitor]
            left = self._verdict_file(monitor, batch, name)
            if left is not None:
                shutil.copyfile(left, folder / f"{batch.number}{ending}")
        return self.artifacts.put(folder, spec.kind)

    def _judged(self, monitor: str, batch: Batch, folder: Path) -> None:
        """What the truth said about a batch of the same version, and what was expected of it before."""
        if self.version is None or batch.content.version != self.version.number:
            return
        judged = judged_batch(batch)
        if judged is not None:
            write_judged(folder, batch.number, judged)
        if monitor == ESTIMATED:
            left = self._verdict_file(monitor, batch, VERDICT)
            if left is not None:
                shutil.copyfile(left, folder / f"{batch.number}.{VERDICT}")

    def _verdict_file(self, monitor: str, batch: Batch, name: str) -> Path | None:
        digest = batch.content.artifacts.get(f"verdict_{monitor}")
        path = self.artifacts.open(digest) / name if digest else None
        return path if path is not None and path.is_file() else None

    def _stored(self, spec: InputSpec, definition: Definition) -> Artifact:
        located = {**definition.locations, **self.located}
        location = self.given.get(spec.name) or self._located(located.get(spec.name))
        if location is None:
            raise BadInput(
                f"Input '{spec.name}' of pipeline '{definition.name}' is not given, and [inputs] of spalje.toml "
                "says nothing about it.",
                do=f"Start the run with --input {spec.name}=PATH.",
            )
        if location.startswith("sha256:"):
            manifest = self.artifacts.manifest(location.removeprefix("sha256:"))
            return Artifact(manifest.digest, spec.kind, manifest.size, len(manifest.files))
        scratch = self.artifacts.scratch()
        try:
            return self.artifacts.copy(locate(location, self.environment, scratch), spec.kind)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _slots(batch: Batch) -> dict[str, str]:
    """A batch's parts; what monitors said of it under their names."""
    return {port.removeprefix("verdict_"): digest for port, digest in batch.content.artifacts.items()}


def locate(location: str, environment: Environment, scratch: Path) -> Path:
    """The file or folder that a location means.

    Args:
        location: a path, or ``package:NAME`` or ``package:NAME/FOLDER``: data that an installed
            package of the project's environment ships. The package is found, not imported.
        environment: the project's.
        scratch: an empty folder, for data of an environment whose files are not on this machine.

    Raises:
        BadInput: nothing is there.
    """
    if not location.startswith("package:"):
        path = Path(location).expanduser().absolute()
        if not path.exists():
            raise BadInput(
                f"There is no file or folder {path}.", do="Check the path; it must exist on this machine."
            )
        return path
    package, _, folder = location.removeprefix("package:").partition("/")
    if not package.isidentifier():
        raise BadInput(
            f"'{location}' names no package: '{package}' is not a Python name.",
            do="Write package:NAME/FOLDER.",
        )
    found, said = _shipped(package, folder, environment, scratch)
    if found is None:
        raise BadInput(
            f"'{location}' was not found in the project's environment '{environment.name}'.{said}",
            do=f"Install {package.replace('_', '-')} there, or say in [inputs] where the data is.",
        )
    return found


def _shipped(package: str, folder: str, environment: Environment, scratch: Path) -> tuple[Path | None, str]:
    """The folder that a package ships, and what was said if it is not found."""
    if ".." in Path(folder).parts:
        return None, ""
    copy = () if environment.here else (str(scratch / "data"),)
    program = Program(("-c", _FIND_PACKAGE, package, folder, *copy), scratch, writes=(scratch,))
    environment.make(lambda _: None)
    with environment.command(program) as command:
        found = subprocess.run(
            command.words,
            cwd=command.folder,
            env=dict(command.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    path = Path(found.stdout.strip())
    if found.returncode == 0 and found.stdout.strip() and path.exists():
        return path, ""
    last = found.stderr.strip().splitlines()[-1:]
    return None, f" It said: {last[0]}" if last else ""
