"""What a project predicts, from what, and which columns say which row is which."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Problem(BaseModel):
    """The ``[problem]`` table of ``spalje.toml``.

    Attributes:
        type: regression, binary or multiclass.
        target: the column with the truth, in the target's own unit.
        features: the columns the model sees, in order.
        categorical: those of the features that are categories, not numbers.
        keys: the business keys: together they name one row of a batch.
        time: the key that is the date (or timestamp) the row is about, or None.
        group: the column whose rows are not independent of each other (a store), or None.
        season: what makes batches comparable: weekday, month or none.
        prediction: the column predictions are written to.
        inference_id: a column of the data that names a single prediction, or None; it goes with the predictions,
            and ground truth may be joined on it in place of the keys.
        quantiles: of a regression that predicts quantiles: their levels, rising; predict_fn gives a column for each.

    Example:
        >>> Problem(type="regression", target="units", features=("lag_7",), keys=("store", "day")).target
        'units'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["regression", "binary", "multiclass"]
    target: str
    features: tuple[str, ...] = Field(min_length=1)
    categorical: tuple[str, ...] = ()
    keys: tuple[str, ...] = Field(min_length=1)
    time: str | None = None
    group: str | None = None
    season: Literal["weekday", "month", "none"] = "none"
    prediction: str = "prediction"
    inference_id: str | None = None
    quantiles: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        for name, columns in (("features", self.features), ("keys", self.keys)):
            twice = sorted({column for column in columns if columns.count(column) > 1})
            if twice:
                raise ValueError(f"{name} names {twice[0]!r} twice")
        stray = sorted(set(self.categorical) - set(self.features))
        if stray:
            raise ValueError(f"categorical names {stray[0]!r}, which is not one of the features")
        if self.target in self.features:
            raise ValueError(f"the target {self.target!r} is one of the features")
        if self.time is not None and self.time not in self.keys:
            raise ValueError(f"time {self.time!r} must be one of the keys {list(self.keys)}")
        if self.quantiles and self.type != "regression":
            raise ValueError(f"quantiles are predicted by a regression, and type is {self.type!r}")
        if list(self.quantiles) != sorted(set(self.quantiles)):
            raise ValueError(f"quantiles {list(self.quantiles)} do not rise")
        if self.inference_id is not None and self.inference_id in (self.target, self.prediction):
            what = "target" if self.inference_id == self.target else "column of predictions"
            raise ValueError(f"inference_id {self.inference_id!r} is the {what}")
        return self
