"""The command ``spalje``: words in, an exit code out."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spalje.errors import SpaljeError

if TYPE_CHECKING:
    from cyclopts import App


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    0 fine, 2 usage, 3 bad input, 4 an alarm, a block or a refusal, 1 anything else, 130 Ctrl-C.
    """
    words = list(sys.argv[1:] if words is None else words)
    try:
        code = _run(words)
    except SpaljeError as error:
        _say(error, as_json="--json" in words)
        code = error.exit_code
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)  # noqa: T201
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    sys.exit(code)


def _run(words: Sequence[str]) -> int:
    try:
        from cyclopts import CycloptsError
    except ModuleNotFoundError as error:
        sys.exit(
            f"spalje: {sys.executable} has Spaljé without what it depends on ({error.name} is missing), as Airflow's "
            "environment has it. Use the command of Spaljé's own environment, or install: pip install spalje"
        )

    from spalje.cli import app

    _load_listed(app, words)
    try:
        result = app(words, exit_on_error=False, print_error=True, result_action="return_value")
    except CycloptsError:
        return 2
    return result if isinstance(result, int) else 0


def _load_listed(app: "App", words: Sequence[str]) -> None:
    """Load the commands that the help of a group lists, where that is asked for: what they are stands beside them."""
    here = app
    for word in words:
        if word.startswith("-"):
            break
        if word not in here:
            return
        here = here[word]
    if here is not app:
        for name in here:
            _ = here[name]


def _say(error: SpaljeError, *, as_json: bool) -> None:
    log = getattr(error, "log", "")
    if as_json:
        said = {"error": str(error), "do": error.do, "log": log, "kind": type(error).__name__}
        print(json.dumps(said), file=sys.stderr)  # noqa: T201
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(Text.assemble(("error ", "bold red"), str(error)))
    if log:
        console.print(Text(log, style="dim"))
    if error.do:
        console.print(Text.assemble(("   do ", "bold green"), error.do))


if __name__ == "__main__":
    main()
