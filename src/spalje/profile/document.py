"""Profiles as JSON documents and back."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spalje.errors import BadInput
from spalje.profile.column import Column
from spalje.profile.distinct import Distinct
from spalje.profile.kind import Kind
from spalje.profile.kll import Kll
from spalje.profile.moments import Moments
from spalje.profile.number import Numbers
from spalje.profile.points import Points
from spalje.profile.profile import Profile
from spalje.profile.sketch import Form as SketchForm
from spalje.profile.sketch import to_dict as sketch_to_dict
from spalje.profile.text import Texts

#: Version of the form below; a reader refuses any other.
FORMAT = 2

#: Rows of a table.
Rows: TypeAlias = Annotated[int, Field(ge=0, le=2**62)]
#: A whole number of 64 bits, signed or not.
Exact: TypeAlias = Annotated[int, Field(ge=-(2**63), lt=2**64)]


def to_dict(profile: Profile) -> dict[str, Any]:
    """A profile as plain values: finite numbers, strings, lists and maps; ``from_dict`` is its inverse.

    Sketches and hashes are Base64 of little-endian 64-bit words, so that no digit is lost.

    Example:
        >>> to_dict(Profile(rows=0))
        {'format': 2, 'rows': 0, 'columns': [], 'refused': {}, 'sketch': None}
    """
    return {
        "format": FORMAT,
        "rows": profile.rows,
        "columns": [_column(column) for column in profile.columns.values()],
        "refused": dict(profile.refused),
        "sketch": None if profile.sketch is None else sketch_to_dict(profile.sketch),
    }


def from_dict(document: Mapping[str, Any]) -> Profile:
    """The profile that a document describes.

    Raises:
        BadInput: it is not a profile, not of this format, or does not add up.
    """
    try:
        form = _Profile.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"This is not a profile of format {FORMAT}: at {place or 'the top'}: {first['msg']}.",
            do="Make the baseline again from its data.",
        ) from error
    return Profile(
        form.rows,
        {column.name: column.value() for column in form.columns},
        form.refused,
        None if form.sketch is None else form.sketch.value(),
    )


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Words(_Form):
    """An array of 64-bit words: floats or hashes."""

    kind: Literal["<f8", "<u8"]
    data: str

    @model_validator(mode="after")
    def _whole_words(self) -> Self:
        words = self.array()
        if self.kind == "<f8" and not np.isfinite(words).all():
            raise ValueError("a sketch holds finite numbers only")
        if np.any(words[1:] < words[:-1]):
            raise ValueError("the words must be rising")
        return self

    def array(self) -> Any:
        return np.frombuffer(b64decode(self.data, validate=True), dtype=self.kind).astype(self.kind[1:])


class _Moments(_Form):
    count: Rows
    mean: float
    std: float = Field(ge=0)
    low: Exact | float
    high: Exact | float


class _Points(_Form):
    values: tuple[float, ...]
    counts: tuple[Rows, ...]

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(self.values) != len(self.counts) or min(self.counts, default=1) < 1:
            raise ValueError("every value needs a count of at least 1")
        if any(one >= two for one, two in pairwise(self.values)):
            raise ValueError("the values must be rising")
        return self


class _Sketch(_Form):
    k: int = Field(ge=8, le=1 << 20)
    turns: tuple[Rows, ...]
    levels: tuple[_Words, ...] = Field(min_length=1, max_length=60)

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(self.turns) != len(self.levels):
            raise ValueError("every level needs its number of turns")
        return self

    def value(self) -> Kll:
        return Kll(tuple(level.array() for level in self.levels), self.turns, self.k)


class _Numbers(_Form):
    moments: _Moments
    negative: Rows
    integral: Rows
    points: _Points | None = None
    sketch: _Sketch | None = None
    distinct: _Words | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if (self.points is None) == (self.sketch is None):
            raise ValueError("numbers have either points or a sketch")
        weight = sum(self.points.counts) if self.points else self.sketch.value().size if self.sketch else 0
        if weight != self.moments.count:
            raise ValueError(f"it counts {self.moments.count} numbers, but their weights add up to {weight}")
        return self

    def value(self, kind: Kind) -> Numbers:
        return Numbers(
            whole=kind.whole,
            moments=Moments(**self.moments.model_dump()),
            negative=self.negative,
            integral=self.integral,
            points=Points(
                np.array(self.points.values, dtype=float), np.array(self.points.counts, dtype=np.int64)
            )
            if self.points
            else None,
            sketch=self.sketch.value() if self.sketch else None,
            distinct=Distinct(self.distinct.array()) if self.distinct else None,
        )


class _Texts(_Form):
    values: tuple[str, ...]
    counts: tuple[Rows, ...]
    count: Rows
    short: Rows
    distinct: _Words | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if len(self.values) != len(self.counts) or min(self.counts, default=1) < 1:
            raise ValueError("every value needs a count of at least 1")
        if len(set(self.values)) != len(self.values):
            raise ValueError("a value stands there twice")
        _unicode(self.values)
        total = sum(self.counts)
        if total > self.count or (self.short == 0 and total != self.count):
            raise ValueError(f"it counts {self.count} values, but their counts add up to {total}")
        return self

    def value(self) -> Texts:
        counts = np.array(self.counts, dtype=np.int64)
        distinct = Distinct(self.distinct.array()) if self.distinct else None
        return Texts(self.count, pa.array(self.values, pa.string()), counts, self.short, distinct)


class _Column(_Form):
    name: str
    kind: Kind
    rows: Rows
    nulls: Rows
    nan: Rows = 0
    positive_infinity: Rows = 0
    negative_infinity: Rows = 0
    numbers: _Numbers | None = None
    texts: _Texts | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if (self.numbers is not None) != self.kind.numeric:
            raise ValueError(
                f"a column of kind {self.kind} {'needs' if self.kind.numeric else 'has no'} numbers"
            )
        _unicode([self.name])
        values = self.numbers.moments.count if self.numbers else self.texts.count if self.texts else 0
        total = self.nulls + self.nan + self.positive_infinity + self.negative_infinity + values
        if total != self.rows:
            raise ValueError(f"it has {self.rows} rows, but its values and nulls add up to {total}")
        return self

    def value(self) -> Column:
        return Column(
            self.name,
            self.kind,
            self.rows,
            self.nulls,
            self.nan,
            self.positive_infinity,
            self.negative_infinity,
            self.numbers.value(self.kind) if self.numbers else None,
            self.texts.value() if self.texts else None,
        )


class _Profile(_Form):
    format: Literal[2]
    rows: Rows
    columns: tuple[_Column, ...]
    refused: dict[str, str]
    sketch: SketchForm | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len({*(column.name for column in self.columns), *self.refused}) != len(
            (*self.columns, *self.refused)
        ):
            raise ValueError("two columns have the same name")
        _unicode(self.refused)
        odd = [column.name for column in self.columns if column.rows != self.rows]
        if odd:
            raise ValueError(f"column {odd[0]!r} does not have the table's {self.rows} rows")
        if self.sketch is not None and self.sketch.rows != self.rows:
            raise ValueError(f"the sketch does not have the table's {self.rows} rows")
        return self


def _unicode(texts: Iterable[str]) -> None:
    """Raises ``UnicodeEncodeError``, a ``ValueError``, where a text has a lone surrogate."""
    for text in texts:
        text.encode()


def _words(array: Any, kind: str) -> dict[str, str]:
    return {"kind": kind, "data": b64encode(array.astype(kind).tobytes()).decode()}


def _column(column: Column) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": column.name,
        "kind": column.kind.value,
        "rows": column.rows,
        "nulls": column.nulls,
    }
    if column.numbers is not None:
        document |= {
            "nan": column.nan,
            "positive_infinity": column.positive_infinity,
            "negative_infinity": column.negative_infinity,
            "numbers": _numbers(column.numbers),
        }
    if column.texts is not None:
        texts = column.texts
        document["texts"] = {
            "count": texts.count,
            "values": texts.values.to_pylist(),
            "counts": texts.counts.tolist(),
            "short": texts.short,
            "distinct": None if texts.distinct is None else _words(texts.distinct.hashes, "<u8"),
        }
    return document


def _numbers(numbers: Numbers) -> dict[str, Any]:
    moments = numbers.moments
    document: dict[str, Any] = {
        "moments": {name: getattr(moments, name) for name in ("count", "mean", "std", "low", "high")},
        "negative": numbers.negative,
        "integral": numbers.integral,
    }
    if numbers.points is not None:
        points = numbers.points
        return document | {"points": {"values": points.values.tolist(), "counts": points.counts.tolist()}}
    sketch = numbers.sketch or Kll()
    return document | {
        "sketch": {
            "k": sketch.k,
            "turns": list(sketch.turns),
            "levels": [_words(level, "<f8") for level in sketch.levels],
        },
        "distinct": None if numbers.distinct is None else _words(numbers.distinct.hashes, "<u8"),
    }
