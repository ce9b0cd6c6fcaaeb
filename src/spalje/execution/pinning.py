"""Pinning a run's inputs: from the start on, a run reads exactly these artifacts."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from spalje.errors import BadInput, NotFound, Refused
from spalje.execution.environment import Environment
from spalje.pipeline.definition import Definition, InputSpec
from spalje.registry.batch import Batch
from spalje.registry.version import ModelVersion
from spalje.storage.artifacts import Artifacts

_FIND_PACKAGE = (
    "import importlib.util as u, sys; s = u.find_spec(sys.argv[1]); "
    "print(next(iter(s.submodule_search_locations)) if s and s.submodule_search_locations else '')"
)


def pin(
    definition: Definition,
    given: Mapping[str, str],
    version: ModelVersion | None,
    batch: Batch | None,
    artifacts: Artifacts,
    environment: Environment,
) -> dict[str, str]:
    """The artifact of every input of a pipeline.

    Args:
        given: input -> a path, ``package:NAME/FOLDER``, or the digest of an artifact (``sha256:…``).
            What is not given is looked up in the definition's locations.
        version: the model version the run uses, where the pipeline needs one.
        batch: the batch the run is about, where the pipeline needs one.

    Returns:
        Input -> artifact digest. Paths are copied into the artifact store first.

    Raises:
        NotFound: an input is given that the pipeline does not have.
        BadInput: an input is neither given nor located, or its path does not exist.
        Refused: the pipeline needs a model version or a batch and there is none.
    """
    wanted = {spec.name for spec in definition.inputs if spec.source == "given"}
    for name in given:
        if name not in wanted:
            raise NotFound("input", name, wanted)
    return {spec.name: _digest(spec, definition, given, version, batch, artifacts, environment) for spec in definition.inputs}


def _digest(
    spec: InputSpec,
    definition: Definition,
    given: Mapping[str, str],
    version: ModelVersion | None,
    batch: Batch | None,
    artifacts: Artifacts,
    environment: Environment,
) -> str:
    word = spec.name.rpartition(".")[2]
    if spec.source == "version":
        if version is None:
            raise Refused(
                f"Pipeline '{definition.name}' needs an approved model version, and none is approved yet.",
                do="See what is there with `spalje model list`, then `spalje model approve PROJECT VERSION --reason …`.",
            )
        slots = {"model": version.content.model, **version.content.baselines}
        if word not in slots:
            raise NotFound(f"baseline of {version.id}", word, slots)
        return slots[word]
    if spec.source == "batch":
        if batch is None:
            raise Refused(
                f"Pipeline '{definition.name}' is about a published batch, and none was named.",
                do="Deliver ground truth with `spalje batch truth FILE --project PROJECT`.",
            )
        if word not in batch.content.artifacts:
            raise NotFound(f"part of batch {batch.id}", word, batch.content.artifacts)
        return batch.content.artifacts[word]
    location = given.get(spec.name) or definition.locations.get(spec.name)
    if location is None:
        raise BadInput(
            f"Input '{spec.name}' of pipeline '{definition.name}' is not given, and [inputs] of spalje.toml says "
            "nothing about it.",
            do=f"Start the run with --input {spec.name}=PATH.",
        )
    if location.startswith("sha256:"):
        digest = location.removeprefix("sha256:")
        artifacts.open(digest)
        return digest
    return artifacts.copy(locate(location, environment), spec.kind).digest


def locate(location: str, environment: Environment) -> Path:
    """The file or folder that a location means.

    Args:
        location: a path, or ``package:NAME`` or ``package:NAME/FOLDER``: data that an installed
            package of the project's environment ships. The package is found, not imported.

    Raises:
        BadInput: nothing is there.
    """
    if not location.startswith("package:"):
        path = Path(location).expanduser().absolute()
        if not path.exists():
            raise BadInput(f"There is no file or folder {path}.", do="Check the path; it must exist on this machine.")
        return path
    package, _, folder = location.removeprefix("package:").partition("/")
    if not package.isidentifier():
        raise BadInput(
            f"'{location}' names no package: '{package}' is not a Python name.", do="Write package:NAME/FOLDER."
        )
    found = subprocess.run(
        [*environment.interpreter, "-c", _FIND_PACKAGE, package],
        env=dict(environment.environ), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    home = found.stdout.strip()
    path = Path(home) / folder
    if not home or ".." in Path(folder).parts or not path.exists():
        raise BadInput(
            f"'{location}' was not found in the project's environment ({environment.interpreter[0]}).",
            do=f"Install the package there, for example: {environment.interpreter[0]} -m pip install {package.replace('_', '-')}",
        )
    return path
