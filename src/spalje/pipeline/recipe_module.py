"""The recipe's module: executed in this process, which must be one of its own."""

import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

from spalje.errors import SpaljeError
from spalje.pipeline.finding import DoesNotCompile, at
from spalje.pipeline.where import shown


def execute(recipe: str) -> dict[str, Any]:
    """The recipe's module-level names.

    Raises:
        DoesNotCompile: it is missing, or stopped with an error; says on which line.
    """
    if not Path(recipe).is_file():
        raise DoesNotCompile([at(recipe, 1, "There is no such file.", "Write the recipe and commit it.")])
    sys.path.append(str(Path.cwd()))  # last, so that no file of the repository hides a module
    try:
        return runpy.run_path(recipe, run_name="pipeline")
    except SyntaxError as error:
        file, line = shown(error.filename or recipe), error.lineno or 1
        raise DoesNotCompile(
            [at(file, line, f"It is not Python: {error.msg}.", "Mend this line.")]
        ) from error
    except (Exception, SystemExit) as error:
        file, line = _line_of(error, recipe)
        if isinstance(error, SpaljeError):
            raise DoesNotCompile([at(file, line, str(error), error.do)]) from error
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        do = f"Mend this line; `python {recipe}` shows more."
        if isinstance(error, ModuleNotFoundError):
            do = "A recipe only describes steps: import what they compute with in their scripts."
        raise DoesNotCompile([at(file, line, f"The recipe stopped with {said}.", do)]) from error


def _line_of(error: BaseException, recipe: str) -> tuple[str, int]:
    """The last line of the repository on the way to an error."""
    here = Path.cwd()
    ours = [
        (shown(frame.filename), frame.lineno or 1)
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<")  # generated code, such as the __init__ of a dataclass
        and (here / frame.filename).is_relative_to(here)
        and "site-packages" not in frame.filename
    ]
    return ours[-1] if ours else (recipe, 1)
