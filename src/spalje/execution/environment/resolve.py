"""From the name of an environment to the environment."""

from pathlib import Path

from spalje.errors import NotFound
from spalje.execution.environment.current import CurrentEnvironment
from spalje.execution.environment.environment import Environment
from spalje.pipeline.definition import ENVIRONMENTS


def resolve(name: str, repository: Path, folder: Path, *, dev: bool = False) -> Environment:
    """The environment called ``name`` for a checked-out repository; nothing is made yet.

    Args:
        name: ``current``, ``uv`` or ``container``.
        repository: the checked-out repository: its ``uv.lock`` or its ``Dockerfile`` says what is installed.
        folder: where environments that have to be made are kept.
        dev: with what the repository's tests need: uv's group ``dev``, the image's build argument ``DEV=1``.

    Raises:
        NotFound: no such kind of environment.
        BadInput: the repository does not have what the environment is made of.

    Example:
        >>> resolve("current", Path(), Path()).name
        'current'
    """
    if name == "current":
        return CurrentEnvironment.open()
    if name == "uv":
        from spalje.execution.environment.uv import UvEnvironment

        return UvEnvironment.open(repository, folder, dev=dev)
    if name == "container":
        from spalje.execution.environment.container import ContainerEnvironment

        return ContainerEnvironment.open(repository, folder, dev=dev)
    raise NotFound(
        "environment",
        name,
        ENVIRONMENTS,
        do="Set environment under [project] in spalje.toml, or environment= of the step.",
    )
