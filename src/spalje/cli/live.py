"""A run as it goes on, on a terminal; nothing at all when there is none."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from spalje.cli.output import COLOURS, console, seconds
from spalje.execution.event import Event, Listener, ignore
from spalje.lineage.run import Run, Status, StepRun
from spalje.pipeline.definition import Definition

_MARKS = {"succeeded": "✓", "reused": "✓", "failed": "✗", "skipped": "–", "cancelled": "✗"}


class RunDisplay:
    """The steps of one run with what each is doing; a rich renderable.

    Args:
        definition: the pipeline being run.
        title: the line above the steps.
    """

    def __init__(self, definition: Definition, title: str) -> None:
        self._steps = {step.name: Event(step.name, "said", "") for step in definition.steps}
        self._state: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._title = title
        self._spinner = Spinner("dots", style="cyan")
        self._lock = threading.Lock()

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        with self._lock:
            self._steps[event.step] = event
            if event.what == "started":
                self._began[event.step] = time.monotonic()
            if event.what != "said":
                self._state[event.step] = event.what

    def __rich__(self) -> Table:
        """The steps as a table."""
        grid = Table(
            box=None,
            show_header=False,
            pad_edge=False,
            title=self._title,
            title_justify="left",
            title_style="bold",
        )
        grid.add_column(width=2)
        grid.add_column(min_width=18, no_wrap=True)
        grid.add_column(min_width=8, justify="right", no_wrap=True)
        grid.add_column(overflow="ellipsis", no_wrap=True)
        with self._lock:
            for name, event in self._steps.items():
                state = self._state.get(name, "waiting")
                grid.add_row(
                    self._mark(state),
                    Text(name, style="dim" if state == "waiting" else ""),
                    self._took(name, event),
                    self._note(state, event),
                )
        return grid

    def _mark(self, state: str) -> Text | Spinner:
        if state == "started":
            return self._spinner
        return Text(
            _MARKS.get(state, " "), style=COLOURS.get("succeeded" if state == "reused" else state, "dim")
        )

    def _took(self, name: str, event: Event) -> Text:
        if event.step_run and event.step_run.usage:
            return Text(seconds(event.step_run.usage.wall_s), style="dim")
        if name in self._began:
            return Text(seconds(time.monotonic() - self._began[name]), style="cyan")
        return Text("")

    def _note(self, state: str, event: Event) -> Text:
        if state == "reused":
            return Text("as before: the same code, data and settings", style="dim")
        if state in ("failed", "cancelled", "skipped"):
            return Text(event.text.splitlines()[0] if event.text else "", style=COLOURS[state])
        if state == "succeeded" and event.step_run:
            return Text.assemble(
                (event.text, COLOURS.get(event.text, "dim")), "  ", (took(event.step_run), "dim")
            )
        return Text(event.text, style="dim")


def took(step_run: StepRun) -> str:
    """Processor time, memory and cost of a step, short."""
    usage = step_run.usage
    if usage is None:
        return ""
    return f"{usage.cpu_s:.1f} cpu-s  {usage.peak_mib:,.0f} MiB"


@contextmanager
def watching(
    definition: Definition, title: str, to: Console | None = None, *, transient: bool = False
) -> Iterator[Listener]:
    """A listener that shows a run on the terminal while the block lasts; silent elsewhere.

    Args:
        definition: the pipeline being run.
        title: the line above the steps.
        to: the console; default: standard output.
        transient: remove the display at the end.
    """
    out = to or console()
    if not out.is_terminal or out.quiet:
        yield ignore
        return
    display = RunDisplay(definition, title)
    with Live(display, console=out, refresh_per_second=10, transient=transient):
        yield display.hear


@contextmanager
def following(
    run: Run, poll: Callable[[], Mapping[str, StepRun]], to: Console | None = None
) -> Iterator[None]:
    """Show a run that another process executes, while the block lasts.

    Args:
        run: the run.
        poll: gives the run's step runs as they stand.
        to: the console; default: standard output.
    """
    if run.definition is None:
        yield
        return
    with watching(
        Definition.model_validate_json(run.definition), f"{run.id} at commit {run.commit[:10]}", to
    ) as hear:
        stop = threading.Event()
        seen: dict[str, Status] = {}
        thread = threading.Thread(target=_poll, args=(poll, seen, hear, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            _news(poll(), seen, hear)


def _poll(
    poll: Callable[[], Mapping[str, StepRun]], seen: dict[str, Status], hear: Listener, stop: threading.Event
) -> None:
    while not stop.wait(0.15):
        _news(poll(), seen, hear)


def _news(states: Mapping[str, StepRun], seen: dict[str, Status], hear: Listener) -> None:
    """Tell the listener what has changed since it was last told."""
    for name, state in states.items():
        if state.status is seen.get(name, Status.WAITING):
            continue
        seen[name] = state.status
        if state.status is Status.RUNNING:
            hear(Event(name, "started"))
        elif state.status is Status.SUCCEEDED:
            hear(Event(name, "reused" if state.reused_from else "succeeded", "", state))
        elif state.status in (Status.FAILED, Status.SKIPPED, Status.CANCELLED):
            hear(Event(name, state.status.value, state.error or "", state))
