"""KernelSHAP: attributions for any model, from the worth of a limited number of coalitions."""

import numpy as np
import pyarrow as pa

from spalje.attribution.attributions import Attributions, Model
from spalje.attribution.background import Background
from spalje.attribution.design import Design
from spalje.attribution.game import play


def explain(model: Model, rows: pa.Table, background: Background, design: Design) -> Attributions:
    """What each feature added to the prediction for each row, measured against a background.

    They add up exactly. They are the Shapley values of the game in ``spalje.attribution.game``
    where the design has all coalitions, and for every model that is a sum of functions of single
    features; otherwise estimates of them, better the more coalitions the design has.

    The model is asked for about ``rows * coalitions * background rows`` predictions.

    Args:
        model: maps tables of features to predictions, see ``Model``.
        rows: the features, at least one row.
        background: of the same features.
        design: of as many features.

    Example:
        >>> from spalje.attribution.design import kernel_design
        >>> def double_a(tables):
        ...     return (2 * table["a"].to_numpy()[:, None] for table in tables)
        >>> rows = pa.table({"a": [5.0, 1.0], "b": [7.0, 7.0]})
        >>> background = Background(pa.table({"a": [1.0], "b": [0.0]}), np.ones(1))
        >>> explain(double_a, rows, background, kernel_design(2, 4, np.random.default_rng(0))).values[:, :, 0]
        array([[8., 0.],
               [0., 0.]])
    """
    game = play(model, rows, background, design.masks)
    values = np.empty((rows.num_rows, rows.num_columns, len(game.expected)))
    for start, worth in game.rounds:
        block = slice(start, start + len(worth))
        values[block] = design.attribute(worth, game.expected, game.predictions[block])
    return Attributions(tuple(rows.column_names), values, game.predictions, game.expected)
