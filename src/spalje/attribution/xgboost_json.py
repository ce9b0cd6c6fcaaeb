"""XGBoost's own JSON of a model, read as trees."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from spalje.attribution.trees import Trees
from spalje.errors import BadInput


def read(text: str) -> Trees:
    """The model that a text describes: ``Booster.save_model`` with the ending ``json``, ``Booster.save_raw``.

    The base score is left out: it is in another unit in every version.

    Raises:
        BadInput: it is not such a text, or not of trees with numeric splits.
    """
    try:
        learner = json.loads(text)["learner"]
        booster = learner["gradient_booster"]
        if booster["name"] == "gblinear":
            raise BadInput("The model is linear, not of trees.", do="Use method='kernel'.")
        weights = booster.get("weight_drop")
        model = booster.get("gbtree", booster)["model"]
        outputs = max(1, int(learner["learner_model_param"]["num_class"]))
        features = int(learner["learner_model_param"]["num_feature"])
        names = learner.get("feature_names") or [str(place) for place in range(features)]
        trees = [
            _tree(tree, output, 1.0 if weights is None else weights[number])
            for number, (tree, output) in enumerate(zip(model["trees"], model["tree_info"], strict=True))
        ]
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(
            f"This model file of XGBoost cannot be read: {error!r}.", do="Save the model again as JSON."
        ) from error
    return Trees.joined(names, trees, outputs, strict=True, single=True)


def _tree(tree: Mapping[str, Any], output: int, weight: float) -> dict[str, Any]:
    if any(tree.get("split_type", [])) or len(tree.get("base_weights", [])) != len(tree["left_children"]):
        raise BadInput(
            "The model splits by categories, or has several targets in a leaf.", do="Use method='kernel'."
        )
    left = np.array(tree["left_children"], dtype=np.int64)
    inner = left >= 0
    # digits of 32-bit floats: the number that they stand for is the float's
    conditions = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    return {
        "feature": np.where(inner, tree["split_indices"], -1),
        "threshold": np.where(inner, conditions, 0.0),
        "left": np.where(inner, left, 0),
        "right": np.where(inner, tree["right_children"], 0),
        "default_left": np.array(tree["default_left"], dtype=np.bool_),
        "value": np.where(inner, 0.0, weight * conditions),
        "cover": tree["sum_hessian"],
        "output": output,
    }
