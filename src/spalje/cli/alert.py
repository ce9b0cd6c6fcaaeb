"""``spalje alert``: who is told when something goes wrong, and what they were told."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from spalje.alerts.dispatch import Attempt, Told
from spalje.alerts.event import Event, Kind, urgent_first
from spalje.alerts.figures import metrics as figures
from spalje.alerts.prometheus import exposition, write
from spalje.cli.options import Common
from spalje.cli.output import console, plain, print_json, table
from spalje.errors import BadInput
from spalje.report.label import sentence
from spalje.storage.metadata.alert_store import KEEP, Delivery
from spalje.workspace import Workspace, now

app = App(
    name="alert", help="Alerts: check what is missing, send, list, test the channels, figures for Prometheus."
)

_STYLES = {"critical": "red", "alarm": "yellow", "warning": "dim"}
_NO_CHANNEL = "No channel is set up: what is found is only recorded. docs/alerts.md shows how to set one up."


@app.command
def check(*, project: str | None = None, common: Common = Common()) -> int:
    """Look for missing batches and missing truth, and tell people; for cron.

    Tells as well what a run had to say whose process died, and sends again what did not arrive.
    Leaves with 4 when something is missing or new, else with 1 when something did not arrive.

    Args:
        project: only this project.
    """
    workspace = common.open()
    told = workspace.look_around(project)
    if common.json:
        found = [{"id": event.identity, **plain(event)} for event in urgent_first(told.events)]
        print_json({"found": found, "new": [event.identity for event in told.new], "attempts": told.attempts})
    else:
        _found(workspace, told)
        _attempts(told.attempts)
    return 4 if told.new or told.overdue else _code(told.attempts)


@app.command
def send(*, now: Annotated[bool, Parameter(negative="")] = False, common: Common = Common()) -> int:
    """Send again what did not arrive and is due; leaves with 1 when something still does not.

    Args:
        now: also what is to wait longer, because a server was down or asked for it.
    """
    workspace = common.open()
    attempts = workspace.dispatch.send(at_once=now)
    if common.json:
        print_json(attempts)
    elif attempts:
        _attempts(attempts)
    else:
        waiting = sum(workspace.metadata.counts.undelivered().values())
        idle = f"Nothing is due; {waiting} wait: --now does not." if waiting else "Nothing waits to be sent."
        console().print(idle if workspace.dispatch.routes else _NO_CHANNEL)
    return _code(attempts)


@app.command(name="list")
def list_(*, project: str | None = None, limit: int = 30, common: Common = Common()) -> None:
    """What people were told, newest first, and whether it reached them.

    Args:
        project: only this project's.
        limit: how many.
    """
    workspace = common.open()
    if project is not None:
        workspace.metadata.projects.get(project)
    alerts = workspace.metadata.alerts.list(project, limit)
    if common.json:
        print_json(alerts)
        return
    at = now()
    rows = [
        (
            f"{alert.at:%Y-%m-%d %H:%M}",
            Text(alert.kind, style=_STYLES[Kind(alert.kind).severity]),
            alert.subject,
            ", ".join(_reached(one, at) for one in alert.deliveries) or "–",
            sentence(alert.summary),
        )
        for alert in alerts
    ]
    console().print(table(("found (UTC)", "kind", "subject", "told", "summary"), rows, cut="summary"))


@app.command(name="test")
def try_out(*, channel: str | None = None, common: Common = Common()) -> int:
    """Send a test message, so that you see whether the settings are right.

    Args:
        channel: only this one, by its name; default: all.
    """
    workspace = common.open()
    if not workspace.dispatch.routes:
        raise BadInput(
            "No channel is set up.", do="Write [[alerts.email]] or [[alerts.webhook]]: docs/alerts.md."
        )
    attempts = workspace.dispatch.try_out(_trial(workspace), channel)
    unknown = _unknown(workspace)
    if common.json:
        print_json({"attempts": attempts, "unknown_projects": unknown})
    else:
        _attempts(attempts)
        for name in unknown:
            console().print(f"The settings name the project '{name}', and there is none.", soft_wrap=True)
    return _code(attempts)


@app.command
def metrics(*, out: Path | None = None, common: Common = Common()) -> None:
    """Figures for Prometheus, in its text format.

    Args:
        out: write them to this file, whole or not at all, for node_exporter's textfile collector.
    """
    workspace = common.open()
    families = figures(workspace.metadata, workspace.artifacts)
    if out is not None:
        write(exposition(families), out)
    if common.json:
        print_json([family for family in families if family.samples])
    elif out is None:
        print(exposition(families), end="")  # noqa: T201


def _trial(workspace: Workspace) -> Event:
    said = "This is a test and nothing is wrong: alerts reach you by this channel."
    where = (f"It was sent from the workspace {workspace.folder}.",)
    return Event(Kind.WARNING, "test", "test", now(), said, where, link="spalje alert list")


def _unknown(workspace: Workspace) -> list[str]:
    """Projects that the settings name and that are not there: a slip, or not created yet."""
    expected = workspace.settings.alerts.projects
    named = {name for route in workspace.dispatch.routes for name in route.projects} | set(expected)
    return sorted(named - {project.name for project in workspace.metadata.projects.all()})


def _found(workspace: Workspace, told: Told) -> None:
    out = console()
    new = {event.identity for event in told.new}
    for event in urgent_first(told.events):
        if event.identity in new or event in told.overdue:
            before = "" if event.identity in new else "  (told before)"
            kind = (event.kind.counted(1).removeprefix("1 "), _STYLES[event.kind.severity])
            out.print(Text.assemble(kind, "  ", sentence(event.summary), (before, "dim")), soft_wrap=True)
    if not told.new and not told.overdue:
        out.print("Nothing is missing, and nothing is new.")
    if not workspace.dispatch.routes:
        out.print(_NO_CHANNEL, soft_wrap=True)


def _attempts(attempts: Sequence[Attempt]) -> None:
    out = console()
    for one in attempts:
        sign = ("sent", "green") if one.delivered else ("not sent", "red")
        out.print(Text.assemble((one.channel, "bold"), " ", sign, f"  {one.title}"), soft_wrap=True)
        if one.error:
            out.print(Text(f"  {one.error} {one.do}".rstrip(), style="yellow"), soft_wrap=True)


def _reached(one: Delivery, at: datetime) -> str:
    """How far an alert got by a channel: ``email ✓``, ``slack … (2 tries)``."""
    if one.sent_at is not None:
        return f"{one.channel} ✓"
    tries = "1 try" if one.attempts == 1 else f"{one.attempts} tries"
    return f"{one.channel} {'✗ given up' if at - one.first_at >= KEEP else '…'} ({tries})"


def _code(attempts: Sequence[Attempt]) -> int:
    return 0 if all(one.delivered for one in attempts) else 1
