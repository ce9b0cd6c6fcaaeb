"""A data quality verdict as a person reads it: a page, or text in a terminal."""

from rich.console import RenderableType

from spalje.report.page import page
from spalje.report.report import Report
from spalje.report.terminal import Screen

__all__ = ["Report", "html", "terminal"]


def html(report: Report) -> str:
    """One page of HTML that needs nothing else: no network, no scripts, no fonts.

    Args:
        report: what it is made of.

    Raises:
        BadInput: the verdict is another monitor's, or lacks a figure.
    """
    return page(report)


def terminal(report: Report) -> RenderableType:
    """The same in a terminal: it fits 80 columns, and says more where there is room.

    Args:
        report: what it is made of.

    Raises:
        BadInput: the verdict is another monitor's, or lacks a figure.
    """
    return Screen.of(report)
