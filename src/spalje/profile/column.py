"""What one column looks like."""

from dataclasses import dataclass, replace
from typing import Literal, Self, TypeAlias

from spalje.errors import BadInput
from spalje.profile.kind import Kind
from spalje.profile.number import Numbers
from spalje.profile.text import Texts

#: Model Monitor's words for what a column holds.
InferredType: TypeAlias = Literal["Integral", "Fractional", "String", "Unknown"]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The summary of a column. NaN and infinity are values, not nulls, and are counted apart.

    ``rows = nulls + nan + positive_infinity + negative_infinity + (finite numbers or texts)``.

    Attributes:
        name: as in the table.
        kind: what it holds.
        rows: of the table.
        nulls: rows without a value.
        nan, positive_infinity, negative_infinity: rows with these.
        numbers: summary of the finite numbers; None unless ``kind.numeric``.
        texts: summary of the values; None for a column of numbers or of unknown kind.
    """

    name: str
    kind: Kind
    rows: int = 0
    nulls: int = 0
    nan: int = 0
    positive_infinity: int = 0
    negative_infinity: int = 0
    numbers: Numbers | None = None
    texts: Texts | None = None

    @classmethod
    def empty(cls, name: str, kind: Kind) -> Self:
        """Of no rows."""
        return cls(
            name,
            kind,
            numbers=Numbers(whole=kind.whole) if kind.numeric else None,
            texts=None if kind.numeric or kind is Kind.UNKNOWN else Texts(),
        )

    def merge(self, other: Self) -> Self:
        """Of both parts together. A part that is all null and has no type fits any other.

        Raises:
            BadInput: the parts hold different kinds of values.

        Example:
            >>> Column("x", Kind.UNKNOWN, rows=2, nulls=2).merge(Column.empty("x", Kind.REAL)).kind
            <Kind.REAL: 'real'>
        """
        if Kind.UNKNOWN in (self.kind, other.kind):
            typed = other if self.kind is Kind.UNKNOWN else self
            return replace(typed, rows=self.rows + other.rows, nulls=self.nulls + other.nulls)
        if self.kind is not other.kind:
            raise BadInput(
                f"Column {self.name!r} is {self.kind} in one part and {other.kind} in another.",
                do="Write every part with the same types.",
            )
        return replace(
            self,
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            nan=self.nan + other.nan,
            positive_infinity=self.positive_infinity + other.positive_infinity,
            negative_infinity=self.negative_infinity + other.negative_infinity,
            numbers=self.numbers.merge(other.numbers) if self.numbers and other.numbers else None,
            texts=self.texts.merge(other.texts) if self.texts and other.texts else None,
        )

    @property
    def infinite(self) -> int:
        """Rows with positive or negative infinity."""
        return self.positive_infinity + self.negative_infinity

    @property
    def completeness(self) -> float:
        """Share of rows that have a value, 0 to 1 (NaN and infinity are values); 1 of no rows."""
        return 1.0 - self.nulls / self.rows if self.rows else 1.0

    @property
    def inferred_type(self) -> InferredType:
        """Model Monitor's word: flags and categories are strings, moments are fractional numbers."""
        if self.kind is Kind.UNKNOWN:
            return "Unknown"
        if not self.kind.numeric:
            return "String"
        return "Integral" if self.kind.whole else "Fractional"

    @property
    def different(self) -> int | None:
        """How many different values, see ``Numbers`` and ``Texts``; NaN and infinity not among them."""
        summary = self.numbers or self.texts
        return 0 if summary is None else summary.different
