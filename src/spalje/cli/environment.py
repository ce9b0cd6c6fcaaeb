"""``spalje environment``: the environments that users' scripts run in, as far as they were made here."""

import re
import sys
from datetime import timedelta
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table
from rich.text import Text

from spalje.cli.options import Common
from spalje.cli.output import console, print_json, table
from spalje.errors import BadInput, NotFound, UsageError
from spalje.execution.environment.container_engine import engine
from spalje.execution.environment.store import EnvironmentStore, Kept
from spalje.workspace import now

app = App(
    name="environment",
    help="Environments of users' scripts: list, show, run a program in one, collect what is unused.",
)

app.command("spalje.cli.environment_run:run", name="run")

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@app.command(name="list")
def list_(*, common: Common = Common()) -> None:
    """The environments that were made in this workspace, the one used last first."""
    kept = common.open().environments.all()
    if common.json:
        print_json(kept)
        return
    if not kept:
        console().print("No environment was made here: scripts run in the Python that runs Spaljé.")
        return
    console().print(_table(kept))


@app.command
def show(key: str, *, common: Common = Common()) -> None:
    """One environment: what it is, whose it is, and what the program that made it said.

    Args:
        key: the environment's key, or the first digits of it.
    """
    store = common.open().environments
    found = _find(store, key)
    log = store.log(found.key)
    if common.json:
        print_json({"environment": found, "folder": store.home(found.key), "log": log})
        return
    facts = {
        "kind": found.kind,
        "projects": _projects(found),
        "size": _size(found.size),
        "made": f"{found.made_at:%Y-%m-%d %H:%M:%S} UTC",
        "last used": "now" if found.in_use else f"{found.used_at:%Y-%m-%d %H:%M:%S} UTC",
        "image": str(found.facts.get("image", "–")),
        "folder": str(store.home(found.key)),
        "log": str(log),
    }
    out = console()
    out.print(Text(found.key, style="bold"))
    for name, value in facts.items():
        out.print(Text.assemble((f"  {name:10}", "dim"), value), soft_wrap=True)


@app.command
def collect(
    *,
    unused_for: str = "30d",
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    common: Common = Common(),
) -> None:
    """Remove environments that nobody has used for long; never one that is in use.

    What is needed again is made again.

    Args:
        unused_for: for how long, as 12h, 30d or 4w.
        dry_run: only say what would be removed.
    """
    gone = common.open().environments.collect(_duration(unused_for), now(), _remove, dry=dry_run)
    if common.json:
        print_json({"removed": gone, "dry_run": dry_run})
        return
    out = console()
    if not gone:
        out.print(f"Nothing to remove: no environment has been unused for {unused_for}.")
        return
    out.print(_table(gone))
    size = _size(sum(kept.size for kept in gone))
    out.print(f"{'Would remove' if dry_run else 'Removed'} {len(gone)}, {size} of files.")


def _remove(kept: Kept) -> bool:
    """Remove what stands outside the workspace: an image."""
    image = kept.facts.get("image")
    if image is None:
        return True
    try:
        return engine().remove(image)
    except BadInput as error:  # what stands in the way of one does not stand in that of others
        sys.stderr.write(f"spalje: {kept.key} stays: {error}\n")
        return False


def _find(store: EnvironmentStore, key: str) -> Kept:
    everything = store.all()
    found = [kept for kept in everything if kept.key.startswith(key)]
    if len(found) > 1:
        raise UsageError(f"{len(found)} environments begin with '{key}'.", do="Give more digits.")
    if not found:
        raise NotFound("environment", key, [kept.key for kept in everything])
    return found[0]


def _duration(text: str) -> timedelta:
    """A duration in words.

    Raises:
        UsageError: it is none.

    Example:
        >>> _duration("36h")
        datetime.timedelta(days=1, seconds=43200)
    """
    found = re.fullmatch(r"(\d{1,5})([hdw])", text)
    if found is None:
        raise UsageError(f"'{text}' is not a duration.", do="Write a number and h, d or w, for example 30d.")
    return int(found[1]) * _UNITS[found[2]]


def _table(kept: tuple[Kept, ...]) -> Table:
    rows = [
        (
            one.key,
            one.kind,
            _projects(one),
            _size(one.size),
            "now" if one.in_use else f"{one.used_at:%Y-%m-%d %H:%M}",
        )
        for one in kept
    ]
    return table(("environment", "kind", "projects", "size", "last used (UTC)"), rows)


def _projects(kept: Kept) -> str:
    return ", ".join(kept.projects) or "–"


def _size(size: int) -> str:
    """Bytes as people write them.

    Example:
        >>> _size(0), _size(120_000), _size(3_400_000_000)
        ('0.0 MB', '0.1 MB', '3,400.0 MB')
    """
    return f"{size / 1e6:,.1f} MB"
