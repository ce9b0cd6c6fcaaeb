"""What every kind of environment can do."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from spalje.model.program import Command, Program


class Environment(Protocol):
    """Where a user's scripts run."""

    @property
    def name(self) -> str:
        """``current``, ``uv`` or ``container``."""

    @property
    def lock(self) -> str:
        """SHA-256 of what is installed there: part of every script step's key. Known before anything is made."""

    @property
    def here(self) -> bool:
        """Whether its files can be read from this machine's file system."""

    def make(self, say: Callable[[str], None]) -> None:
        """Make it, if it is not there; ``say`` is told that this takes a while.

        Raises:
            BadInput: what it needs is not on this machine.
            StepFailed: it could not be made.
        """

    def command(self, program: Program) -> AbstractContextManager[Command]:
        """The command that runs a program there, which is kept from being collected meanwhile.

        Raises:
            BadInput, StepFailed: see ``make``.
        """

    def by_hand(self, program: Program) -> tuple[str, ...]:
        """The words that a person would run the program with."""
