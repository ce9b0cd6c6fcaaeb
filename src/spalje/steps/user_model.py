"""A packaged model as a step uses it: in the step's environment, under the step's limits."""

from pathlib import Path

from spalje.model.process import ModelProcess, open_model
from spalje.steps.context import Scripts


def open_user_model(package: Path, scripts: Scripts, log: Path) -> ModelProcess:
    """Start a model's process; it is stopped, timed and paid for as the step's scripts are.

    Raises:
        BadInput: the folder is no packaged model.
        StepFailed: the script or the model could not be loaded, or the process died.
    """
    return open_model(
        package,
        scripts.command,
        log,
        timeout_s=scripts.timeout_s,
        started=scripts.entered,
        ended=scripts.left,
    )
