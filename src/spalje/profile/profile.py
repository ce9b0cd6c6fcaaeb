"""What a table looks like: one summary per column."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from spalje.errors import BadInput
from spalje.profile.column import Column
from spalje.profile.sketch import Sketch


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Statistics of a table, from which any two tables can be compared.

    Attributes:
        rows: of the table.
        columns: name -> summary, in the order of the table.
        refused: name -> type, of the columns that cannot be profiled (lists, structs, bytes).
        sketch: the table counted into a baseline's cells; None when it was profiled without.
    """

    rows: int = 0
    columns: Mapping[str, Column] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    sketch: Sketch | None = None

    def merge(self, other: Self) -> Self:
        """The profile of both tables, one under the other.

        Raises:
            BadInput: the tables do not have the same columns.
        """
        if self.columns.keys() != other.columns.keys() or self.refused.keys() != other.refused.keys():
            odd = sorted(
                {*self.columns.keys() ^ other.columns.keys(), *self.refused.keys() ^ other.refused.keys()}
            )
            raise BadInput(
                f"Only tables with the same columns add up; these are profiled in one of them only: {odd}.",
                do="Profile every part with the same columns and types.",
            )
        return type(self)(
            self.rows + other.rows,
            {name: column.merge(other.columns[name]) for name, column in self.columns.items()},
            self.refused,
            self.sketch.merge(other.sketch) if self.sketch and other.sketch else None,
        )


def merge(one: Profile, two: Profile) -> Profile:
    """The profile of two tables, one under the other; see ``Profile.merge``."""
    return one.merge(two)
