"""The script contract: what an inference script is fed, and what it must give back."""

from difflib import get_close_matches

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from spalje.errors import BadInput


class Signature(BaseModel):
    """The part of a project's problem that a model's process needs.

    Attributes:
        features: the columns that the model sees, in order.
        prediction: the column that a single prediction per row is called; several are called
            ``prediction_0``, ``prediction_1``, … unless the script names them.

    Example:
        >>> Signature(features=("lag_7", "store")).prediction
        'prediction'
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    features: tuple[str, ...] = Field(min_length=1)
    prediction: str = Field("prediction", min_length=1)


def feature_columns(table: pa.Table, signature: Signature, name: str) -> pa.Table:
    """Exactly the features of a table, in the model's order.

    Args:
        name: what the table is called in messages.

    Raises:
        BadInput: a feature is missing; says which, and what is there.

    Example:
        >>> table = pa.table({"price": [9.9], "lag_7": [2.0], "store": [7]})
        >>> feature_columns(table, Signature(features=("lag_7", "price")), "day").column_names
        ['lag_7', 'price']
    """
    known = table.column_names
    for feature in signature.features:
        if feature not in known:
            near = get_close_matches(feature, known, n=1)
            raise BadInput(
                f"{name} lacks the feature '{feature}', which the model needs."
                + (f" Did you mean '{near[0]}'?" if near else "")
                + f" It has: {', '.join(known[:30])}{', …' if len(known) > 30 else ''}.",
                do="Add the column where the table is written, or correct features in spalje.toml and train.",
            )
    return table.select(list(signature.features))


def check_predictions(
    predictions: pa.Table, rows: int, first: int, name: str, *, finite: bool = True
) -> None:
    """Hold a block's predictions to the contract: one row of finite numbers per row of data.

    Args:
        predictions: what the script gave, float64 columns.
        rows: rows in the block that it was given.
        first: the block's first row, counted from 0 in ``name``.
        name: what the data is called in messages.
        finite: whether every number must be.

    Raises:
        BadInput: fewer or more rows, or a number that is not finite; says how many and where.
    """
    where = f"rows {first:,} to {first + rows - 1:,} of {name}"
    if predictions.num_rows != rows:
        word = "fewer" if predictions.num_rows < rows else "more"
        raise BadInput(
            f"predict_fn gave {predictions.num_rows:,} predictions for {rows:,} rows, "
            f"{abs(rows - predictions.num_rows):,} {word} than it must ({where}).",
            do="Give exactly one row of predictions per row of data, in the same order; drop nothing.",
        )
    for column in predictions.column_names if finite else ():
        values = predictions[column].to_numpy()
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            value = values[bad[0]]
            raise BadInput(
                f"predict_fn gave {bad.size:,} of {rows:,} predictions that are not finite numbers "
                f"in '{column}' ({where}); "
                f"the first is {'missing' if np.isnan(value) else value} in row {first + int(bad[0]):,}.",
                do="Look at that row's features; let predict_fn give a finite number for every row, "
                "also where features are missing.",
            )
