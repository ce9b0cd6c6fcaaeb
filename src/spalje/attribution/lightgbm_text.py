"""LightGBM's own text file of a model, read as trees."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spalje.attribution.trees import NAN, NONE, ZERO, Trees
from spalje.errors import BadInput

#: Bits of ``decision_type``: categorical, missing goes left; then two that say what is missing.
CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING = (NONE, ZERO, NAN)


@dataclass(frozen=True, slots=True, eq=False)
class LightGbm:
    """A model as its file has it.

    Attributes:
        trees: what it predicts before the objective's own link.
        objective: LightGBM's word, ``regression``, ``binary``, ``poisson``, …
        categories: of each pandas categorical column, in order, its values; a value's place is its code.
        categorical: names of the columns that some node splits by categories.
    """

    trees: Trees
    objective: str
    categories: tuple[tuple[Any, ...], ...]
    categorical: tuple[str, ...]


def read(text: str) -> LightGbm:
    """The model that a text describes: ``Booster.save_model``, ``Booster.model_to_string``.

    Raises:
        BadInput: it is not such a text, or has linear trees.
    """
    if not text.startswith("tree"):
        raise BadInput("This is not a model file of LightGBM.", do="Give what Booster.save_model writes.")
    head, *rest = text.split("\nTree=")
    known = _fields(head)
    try:
        outputs = int(known["num_tree_per_iteration"])
        features = known["feature_names"].split(" ")
        trees = [_tree(_fields(part), number % outputs) for number, part in enumerate(rest)]
    except (KeyError, ValueError, IndexError) as error:
        raise BadInput(
            f"This model file of LightGBM cannot be read: {error}.", do="Save the model again."
        ) from error
    if "average_output" in head.split("\n"):  # a random forest's trees are averaged
        for tree in trees:
            tree["value"] = tree["value"] / max(1, len(trees) // outputs)
    found = Trees.joined(features, trees, outputs)
    split = {int(found.feature[node]) for node in found.categories}
    _, _, pandas = text.rpartition("\npandas_categorical:")
    categories = json.loads(pandas.split("\n")[0]) if pandas.startswith("[") else None
    return LightGbm(
        found,
        known.get("objective", "").split(" ")[0],
        tuple(tuple(values) for values in categories or ()),
        tuple(features[place] for place in sorted(split)),
    )


def _fields(part: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in part.split("\n") if "=" in line)


def _tree(known: Mapping[str, str], output: int) -> dict[str, Any]:
    def numbers(name: str, kind: Any = np.float64) -> Any:
        return np.array(known.get(name, "").split(), dtype=kind)

    if known.get("is_linear", "0") != "0":
        raise BadInput(
            "The model has linear trees (linear_tree), which have no constant leaves.",
            do="Use method='kernel'.",
        )
    values = numbers("leaf_value")
    leaves, splits = len(values), len(values) - 1
    if splits == 0:
        one = np.zeros(1)
        return {
            "feature": [-1], "threshold": one, "left": [0], "right": [0], "value": values,
            "cover": [1.0], "output": output,
        }  # fmt: skip
    kinds = numbers("decision_type", np.int64)
    threshold = numbers("threshold")
    children = [numbers(name, np.int64) for name in ("left_child", "right_child")]
    left, right = (np.where(child < 0, splits + ~child, child) for child in children)
    counts = [numbers(name) for name in ("internal_count", "leaf_count")]
    nothing, none = np.zeros(leaves), np.zeros(leaves, dtype=np.int64)
    return {
        "feature": np.concatenate([numbers("split_feature", np.int64), none - 1]),
        "threshold": np.concatenate([threshold, nothing]),
        "left": np.concatenate([left, none]),
        "right": np.concatenate([right, none]),
        "default_left": np.concatenate([(kinds & DEFAULT_LEFT) > 0, none.astype(np.bool_)]),
        "missing": np.concatenate([np.array(MISSING)[(kinds >> 2) & 3], none + NAN]),
        "value": np.concatenate([np.zeros(splits), values]),
        "cover": np.concatenate(counts),
        "categories": _categories(kinds, threshold, numbers),
        "output": output,
    }


def _categories(kinds: Any, threshold: Any, numbers: Any) -> dict[int, Any]:
    """Node -> codes that go left: set bits of 32-bit words."""
    bounds, words = numbers("cat_boundaries", np.int64), numbers("cat_threshold", np.uint32)
    found = {}
    for node in np.flatnonzero(kinds & CATEGORICAL).tolist():
        which = int(threshold[node])
        own = words[bounds[which] : bounds[which + 1]]
        found[node] = np.flatnonzero((own[:, None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1))
    return found
