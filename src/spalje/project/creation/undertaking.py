"""Carrying out an undertaking: steps over several systems, each of which sees that something is so.

A step may be done again at any time; what was done is recorded after each. So it does not matter where a
process dies: whoever goes on finds what is there, and does the rest.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from spalje.errors import Conflict, SpaljeError
from spalje.lineage.lease import Lease
from spalje.registry.undertaking import Undertaking

#: Holds the lease of that name for the length of the block.
Alone = Callable[[str], AbstractContextManager[Lease]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that an undertaking sees to.

    Attributes:
        name: what it is recorded as, such as ``build/repository``.
        says: what it does, for a person, such as "repository fresh-produce-build".
        do: does it; said again, it changes nothing.
    """

    name: str
    says: str
    do: Callable[[], None]


class Told(Protocol):
    """Told how far an undertaking has come."""

    def __call__(self, says: str, state: Literal["begun", "done", "was done"]) -> None:
        """A step has begun, is done, or had been done before."""


class Unfinished(SpaljeError):
    """A step of an undertaking went wrong; carries the exit code of what went wrong.

    Args:
        error: what went wrong.
        what: what was being done, such as "Creating project 'dairy'".
        step: the step that went wrong.
        done: what had been done before, in words.
        ways: the ways out, as sentences.
    """

    def __init__(self, error: SpaljeError, what: str, step: Step, done: Sequence[str], ways: str) -> None:
        so_far = f"Done before: {', '.join(done)}." if done else "Nothing had been done before."
        super().__init__(
            f"{what} stopped at: {step.says}. {error}\n{so_far}",
            do=" ".join(text for text in (error.do, ways) if text),
        )
        self.exit_code = error.exit_code


def quiet(says: str, state: str) -> None:
    """Told, and says nothing."""


@contextmanager
def alone_with(project: str, alone: Alone) -> Iterator[Lease]:
    """Be the only process that creates or deletes a project.

    Args:
        project: its name.
        alone: holds a lease.

    Raises:
        Conflict: another process does.
    """
    with ExitStack() as stack:
        try:
            lease = stack.enter_context(alone(f"undertaking/{project}"))
        except Conflict as error:
            raise Conflict(
                f"Project '{project}' is being created or deleted by another process just now: {error}",
                do=error.do,
            ) from error
        yield lease


def carry_out(
    undertaking: Undertaking,
    steps: Sequence[Step],
    record: Callable[[Undertaking, str], Undertaking],
    tell: Told,
    ways: str,
) -> Undertaking:
    """Do the steps that have not been done, and record each.

    Args:
        undertaking: as it stands.
        steps: all of its steps, in their order.
        record: records that a step was done.
        tell: told how far it has come.
        ways: what a person can do when a step goes wrong.

    Returns:
        The undertaking with every step done.

    Raises:
        Unfinished: a step went wrong.
    """
    for number, step in enumerate(steps):
        if step.name in undertaking.done:
            tell(step.says, "was done")
            continue
        tell(step.says, "begun")
        try:
            step.do()
        except SpaljeError as error:
            verb = {"create": "Creating", "delete": "Deleting"}[undertaking.what]
            done = [one.says for one in steps[:number]]
            raise Unfinished(error, f"{verb} project '{undertaking.project}'", step, done, ways) from error
        undertaking = record(undertaking, step.name)
        tell(step.says, "done")
    return undertaking
