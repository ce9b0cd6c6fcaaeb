"""Where in a recipe something was written: the file and line of the caller."""

import inspect
from pathlib import Path

from spalje.pipeline.definition import SourceLine

_THIS_PACKAGE = Path(__file__).parent


def caller() -> SourceLine:
    """The nearest line on the stack that is not of this package: the recipe's.

    Example:
        >>> caller().line
        1
    """
    frame = inspect.currentframe()
    while frame is not None:
        file = frame.f_code.co_filename
        # "<string>" is the __init__ that dataclasses write
        if file != "<string>" and Path(file).parent != _THIS_PACKAGE:
            return SourceLine(file=shown(file), line=frame.f_lineno)
        frame = frame.f_back
    return SourceLine(file="<unknown>", line=0)


def shown(file: str) -> str:
    """A file's name as a definition may hold it: relative to the repository, or the bare name.

    A definition must not depend on where the repository was checked out. The compiler works in
    the repository's folder, so what lies under the working directory is the repository's.

    Example:
        >>> shown("pipeline.py"), shown(str(Path.cwd() / "recipe" / "weekly.py")), shown("/opt/recipe.py")
        ('pipeline.py', 'recipe/weekly.py', 'recipe.py')
    """
    path = Path(file)
    if not path.is_absolute():
        return file
    if path.is_relative_to(Path.cwd()):
        return path.relative_to(Path.cwd()).as_posix()
    return path.name
