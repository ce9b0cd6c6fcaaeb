"""A report in a terminal of any width."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from spalje.monitor.verdict import Outcome, Violation
from spalje.monitor.wording import rows
from spalje.report.card import marks
from spalje.report.certainty import OUTCOMES, certainty, slow_drift
from spalje.report.facts import NOTHING, centre, nulls
from spalje.report.figures import Figures
from spalje.report.glyphs import bars, histograms
from spalje.report.label import isolated, label, sentence
from spalje.report.report import Report
from spalje.report.rules import sagemaker_checks
from spalje.report.subject import Subject, subjects
from spalje.report.value import distance

#: Columns shown: all with findings up to the first number, and others up to the second.
MOST, LEAST = 50, 12
#: Sentences of each kind.
FINDINGS = 20
#: Colours that can be read on dark and on light backgrounds, each with a sign of its own.
STYLES = {
    Outcome.OK: "black on green",
    Outcome.WARNING: "black on yellow",
    Outcome.ALARM: "bold white on red",
    Outcome.INSUFFICIENT: "black on white",
}
SIGNS = {"alarm": ("■", "red"), "warning": ("▲", "yellow"), "quiet": ("·", "dim")}


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """A report that fits the terminal it is printed on.

    Attributes:
        report: what is shown.
        figures: of its verdict.
        columns: those that matter most first.
    """

    report: Report
    figures: Figures
    columns: tuple[Subject, ...]

    @classmethod
    def of(cls, report: Report) -> "Screen":
        """Of a report."""
        figures = Figures.of(report.verdict)
        return cls(report, figures, subjects(report, figures))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._verdict()
        violations = self.report.verdict.violations
        yield from _sentences("Blocks the batch", [each for each in violations if each.breach], "alarm")
        yield from _sentences("Found", [each for each in violations if not each.breach], "warning")
        if self.columns:
            yield Text()
            yield self._table(options.max_width)
            yield from self._foot()
        yield from self._pairs()
        yield Text()
        yield self._sagemaker()

    def _verdict(self) -> Iterator[RenderableType]:
        report, verdict = self.report, self.report.verdict
        badge = (f" {OUTCOMES[verdict.outcome].upper()} ", STYLES[verdict.outcome])
        yield Text.assemble(badge, "  ", (label(report.title, 200), "bold"))
        yield Text(sentence(verdict.summary))
        sure = certainty(self.figures)
        yield Text.assemble((f"{sure.word}. ", "bold"), sure.sentence)
        said = [f"{rows(report.batch.rows)} rows", f"baseline {rows(report.baseline.rows)} rows"]
        said += [report.at.isoformat()] if report.at else []
        if self.figures.drift and self.figures.drift.slow:
            said.append(f"slow drift {slow_drift(self.figures.drift.slow)}")
        yield Text(" · ".join(said), style="dim")

    def _shown(self) -> tuple[Subject, ...]:
        found = sum(subject.found for subject in self.columns)
        return self.columns[: max(LEAST, min(MOST, found))]

    def _table(self, width: int) -> Table:
        """Figures take what they need, names and values share the rest."""
        past = any(subject.drift and subject.drift.history for subject in self.columns)
        cells, latest = (8, 12) if width < 110 else (16, 24)
        fixed = 2 + 2 * (cells + 2) + 2 * (8 + 2) + (latest + 2 if past else 0)
        spare = max(12, width - fixed)
        values = min(44, spare - 24) if spare >= 24 + 16 else 0
        empty = 18 if values and spare - values - 2 >= 24 + 20 else 0
        room = min(40, spare - (values + 2 if values else 0) - (empty + 2 if empty else 0))
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
        table.add_column("column", width=room + 2, no_wrap=True)
        table.add_column("baseline", width=cells, no_wrap=True)
        table.add_column("batch", width=cells, no_wrap=True)
        table.add_column("distance", width=8, justify="right", no_wrap=True)
        table.add_column("limit", width=8, justify="right", no_wrap=True)
        if past:
            table.add_column("history", width=latest, no_wrap=True)
        if values:
            table.add_column("values", width=values, no_wrap=True)
        if empty:
            table.add_column("no value", width=empty, no_wrap=True)
        for subject in self._shown():
            table.add_row(*self._cells(subject, room, cells, latest if past else 0, values, empty))
        return table

    def _cells(
        self, subject: Subject, room: int, cells: int, latest: int, values: int, empty: int
    ) -> Iterator[Text]:
        found = marks(subject, self.figures.drift)
        tone = found[0].tone if found else "quiet"
        sign, style = SIGNS[tone]
        name = isolated(label(subject.name, room))
        strong = style if subject.found else ""
        yield Text.assemble((f"{sign if tone != 'quiet' else ' '} ", style), (name, f"bold {strong}".strip()))
        then, now = histograms(subject.then, subject.now, cells)
        yield Text(then, style="dim")
        yield Text(now)
        far, threshold = subject.distance, subject.drift.threshold if subject.drift else None
        drifted = subject.drift is not None and subject.drift.found
        yield Text(NOTHING if far is None else distance(far), style=f"bold {strong}" if drifted else "")
        yield Text(NOTHING if threshold is None else distance(threshold), style="dim")
        if latest:
            yield _history(subject, latest)
        if values:
            yield Text(label(centre(subject), values))
        if empty:
            yield Text(nulls(subject))

    def _foot(self) -> Iterator[RenderableType]:
        left = len(self.columns) - len(self._shown())
        found = sum(subject.found for subject in self.columns[len(self._shown()) :])
        if left:
            also = f", {rows(found)} of them with findings" if found else ", nothing found in them"
            yield Text(f"and {rows(left)} more column{'s' if left > 1 else ''}{also}", style="dim")
        if any(subject.found for subject in self.columns):
            past = any(subject.drift and subject.drift.history for subject in self.columns)
            history = "; history: the last is this batch, bold above the limit" if past else ""
            yield Text(f"■ blocks  ▲ found{history}", style="dim")

    def _pairs(self) -> Iterator[RenderableType]:
        found = [pair for pair in self.figures.drift.pairs if pair.found] if self.figures.drift else []
        if not found:
            return
        yield Text()
        yield Text("Columns that no longer go together as they did", style="bold")
        for pair in found[:FINDINGS]:
            one, two = (isolated(label(name, 30)) for name in pair.columns)
            yield Text.assemble(
                ("▲ ", "yellow"), f"{one} × {two}: correlation {pair.then:+.2f} → {pair.now:+.2f}"
            )

    def _sagemaker(self) -> Text:
        checks = sagemaker_checks(self.figures)
        said = "; ".join(f"{rule.name} ({rule.columns or rule.says})" for rule in checks)
        name = (
            "SageMaker's rules, which decided: "
            if self.figures.policy == "sagemaker"
            else "SageMaker's rules: "
        )
        return Text(name + (sentence(said) if checks else "no violations") + ".", style="dim")


def _sentences(heading: str, found: list[Violation], tone: str) -> Iterator[RenderableType]:
    if not found:
        return
    yield Text()
    yield Text(heading, style="bold")
    yield _list((sentence(violation.description) for violation in found[:FINDINGS]), *SIGNS[tone])
    if len(found) > FINDINGS:
        yield Text(f"and {rows(len(found) - FINDINGS)} more", style="dim")


def _list(sentences: Iterable[str], sign: str, style: str) -> Table:
    """Sentences behind a sign, which stands alone on its side."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column(overflow="fold")
    for said in sentences:
        table.add_row(Text(sign, style=style), Text(said))
    return table


def _history(subject: Subject, latest: int) -> Text:
    if subject.drift is None or not subject.drift.history or subject.distance is None:
        return Text()
    far = [*subject.drift.history[-latest + 1 :], subject.distance]
    limit = subject.drift.threshold
    top = max(*far, limit or 0.0) or 1.0
    letters = bars(max(each / top, 1e-9) for each in far)
    shown = Text()
    for letter, each in zip(letters, far, strict=True):
        shown.append(letter, style="bold" if limit is not None and each > limit else "dim")
    return shown
