"""``spalje environment run``: a program of a repository where the repository's scripts run."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from spalje.cli.attached import attached
from spalje.cli.options import Common
from spalje.errors import BadInput, StepFailed
from spalje.model.group import Group
from spalje.model.program import Program
from spalje.pipeline import project_file

_Paths = Annotated[tuple[Path, ...], Parameter(negative=())]


def run(
    repository: Path,
    script: Path,
    *words: Annotated[str, Parameter(allow_leading_hyphen=True)],
    read: _Paths = (),
    write: _Paths = (),
    attach: Annotated[bool, Parameter(name="--attached", negative="")] = False,
    common: Common = Common(),
) -> int:
    """Run a program of a checked-out repository in the environment that its spalje.toml names.

    What it prints goes to standard error; the exit code is the program's.

    Args:
        repository: the folder with spalje.toml.
        script: the program, relative to the repository.
        words: what the program is given, after ``--``.
        read: a file or folder that it reads; may be repeated.
        write: a folder that it writes into, made if it is not there; may be repeated.
        attach: stop the program when standard input closes, and with it whoever started this.
    """
    workspace, folder = common.open(), repository.absolute()
    place = (folder / script).resolve()
    if not place.is_relative_to(folder.resolve()) or not place.is_file():
        raise BadInput(
            f"There is no program {script} in {folder}.", do="Give its path from the repository's folder."
        )
    environment = workspace.environment(
        project_file.read(folder / project_file.PROJECT_FILE).project.environment, folder
    )
    for path in write:
        path.mkdir(parents=True, exist_ok=True)
    program = Program(
        (str(place), *words),
        place.parent,
        reads=(folder, *(path.absolute() for path in read)),
        writes=tuple(path.absolute() for path in write),
    )
    with attached(attach):
        environment.make(_say)
        with environment.command(program) as command:
            try:
                group = Group(command, stdout=sys.stderr.fileno(), stderr=subprocess.STDOUT)
            except OSError as error:
                raise StepFailed(f"{script} could not be started: {error}.") from error
            code = group.wait().code
    return code if code >= 0 else 128 - code


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
