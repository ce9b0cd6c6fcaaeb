"""The decision trees inside of a user's model, and the numbers that they are shown.

Like the worker, which loads it, this file runs in the user's environment: it imports only the standard
library, numpy and pyarrow. It recognises what LightGBM, XGBoost and scikit-learn make, wherever it is
in what ``model_fn`` gave, and hands it on as the library's own text or as a table of nodes; it never
pickles. What a script does to a table before its trees see it is learned by looking over its shoulder.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

#: Objects that are looked at in search of trees, at most, and how deep.
LOOKED_AT, DEEP = 500, 5

#: By library, the methods of a model that are shown a matrix.
SHOWN = {
    "lightgbm": ("predict",),
    "xgboost": ("predict", "inplace_predict"),
    "sklearn": ("predict", "predict_proba", "decision_function"),
}


def find(model: Any) -> Any:
    """The ensemble of trees in a model, or None."""
    waiting: list[tuple[Any, int]] = [(model, 0)]
    seen: set[int] = set()
    while waiting and len(seen) < LOOKED_AT:
        each, depth = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        if library(each):
            return _booster(each)
        if depth < DEEP:
            waiting.extend((inside, depth + 1) for inside in _inside(each))
    return None


def library(model: Any) -> str:
    """Whose trees an object is; empty when it is none of those."""
    for kind in type(model).__mro__:
        place = f"{kind.__module__.split('.')[0]}.{kind.__name__}"
        if place in ("lightgbm.Booster", "lightgbm.LGBMModel"):
            return "lightgbm"
        if place in ("xgboost.Booster", "xgboost.XGBModel"):
            return "xgboost"
        if place in _SKLEARN:
            return "sklearn"
    return ""


def document(model: Any) -> pa.Table:
    """An ensemble as a table, whose schema's metadata says what it is under the key ``trees``.

    Raises:
        ValueError: it cannot be written down so.
    """
    which = library(model)
    if which == "lightgbm":
        return pa.table({"text": [model.model_to_string()]}).replace_schema_metadata({"trees": which})
    if which == "xgboost":
        text = bytes(model.save_raw("json")).decode()
        return pa.table({"text": [text]}).replace_schema_metadata({"trees": which})
    return _sklearn(model)


def shown(model: Any, call: Callable[[], Any]) -> np.ndarray:
    """The matrix that an ensemble is shown during a call, float64 with NaN for what is missing.

    Raises:
        ValueError: it is shown nothing, more than once, or something that is no matrix.
    """
    with _watched(model) as matrices:
        call()
    if len(matrices) != 1:
        raise ValueError(f"the trees are shown {len(matrices)} tables for one")
    return _matrix(matrices[0], model)


@contextmanager
def _watched(model: Any) -> Iterator[list[Any]]:
    kind = type(model)
    found: list[Any] = []
    busy: list[bool] = []
    own = {name: getattr(kind, name) for name in SHOWN[library(model)] if hasattr(kind, name)}

    def watching(method: Callable[..., Any]) -> Callable[..., Any]:
        def method_watched(self: Any, data: Any, *words: Any, **named: Any) -> Any:
            if self is not model or busy:
                return method(self, data, *words, **named)
            found.append(data)
            busy.append(True)
            try:
                return method(self, data, *words, **named)
            finally:
                busy.pop()

        return method_watched

    before = {name: kind.__dict__.get(name) for name in own}
    try:
        for name, method in own.items():
            setattr(kind, name, watching(method))
        yield found
    finally:
        for name, method in before.items():
            if method is None:
                delattr(kind, name)
            else:
                setattr(kind, name, method)


def _matrix(data: Any, model: Any) -> np.ndarray:
    if hasattr(data, "get_data"):  # a DMatrix, whose sparse form leaves out what is missing
        sparse = data.get_data().tocoo()
        found = np.full((data.num_row(), data.num_col()), np.nan)
        found[sparse.row, sparse.col] = sparse.data
        return found
    if hasattr(data, "toarray"):
        return np.asarray(data.toarray(), dtype=np.float64)
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        return _frame(data, getattr(model, "pandas_categorical", None) or [])
    if isinstance(data, pa.Table):
        return np.column_stack([column.to_numpy().astype(np.float64) for column in data.columns])
    return np.atleast_2d(np.asarray(data, dtype=np.float64))


def _frame(frame: Any, categories: list[list[Any]]) -> np.ndarray:
    """A DataFrame as LightGBM sees it: a category is its place among those of training."""
    known, columns = iter(categories), []
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if str(column.dtype) == "category":
            codes = column.cat.set_categories(next(known)).cat.codes if categories else column.cat.codes
            values = np.array(codes, dtype=np.float64)
            values[values < 0] = np.nan
        else:
            values = np.array(column, dtype=np.float64)
        columns.append(values)
    return np.column_stack(columns)


def _booster(model: Any) -> Any:
    """The library's own object inside of its scikit-learn look-alike."""
    if library(model) == "lightgbm":
        return getattr(model, "booster_", model)
    return model.get_booster() if hasattr(model, "get_booster") else model


def _inside(each: Any) -> list[Any]:
    if isinstance(each, str | bytes | int | float | bool | type(None) | np.ndarray | type):
        return []
    if isinstance(each, Mapping):
        return list(each.values())[:LOOKED_AT]
    if isinstance(each, list | tuple | set):
        return list(each)[:LOOKED_AT]
    owner = getattr(each, "__self__", None)  # a method of the model
    code = getattr(each, "__code__", None)  # a function that uses one
    used = [each.__globals__.get(name) for name in code.co_names] if code is not None else []
    cells = [cell.cell_contents for cell in getattr(each, "__closure__", None) or ()]
    defaults = [
        *(getattr(each, "__defaults__", None) or ()),
        *(getattr(each, "__kwdefaults__", None) or {}).values(),
    ]
    return [owner, *used, *cells, *defaults, *getattr(each, "__dict__", {}).values()]


_SKLEARN = {
    f"sklearn.{name}"
    for name in (
        "DecisionTreeRegressor",
        "DecisionTreeClassifier",
        "ExtraTreeRegressor",
        "ExtraTreeClassifier",
        "RandomForestRegressor",
        "RandomForestClassifier",
        "ExtraTreesRegressor",
        "ExtraTreesClassifier",
        "GradientBoostingRegressor",
        "GradientBoostingClassifier",
        "HistGradientBoostingRegressor",
        "HistGradientBoostingClassifier",
    )
}


def _sklearn(model: Any) -> pa.Table:
    name = type(model).__name__
    if name.startswith("HistGradientBoosting"):
        parts = [
            _histogram(tree, output)
            for stage in model._predictors  # noqa: SLF001  there is no public way to the nodes
            for output, tree in enumerate(stage)
        ]
    elif name.startswith("GradientBoosting"):
        parts = [
            _nodes(tree.tree_, output, model.learning_rate)
            for stage in model.estimators_
            for output, tree in enumerate(stage)
        ]
    else:
        trees = getattr(model, "estimators_", [model])
        parts = [part for tree in trees for part in _averaged(tree, len(trees))]
    columns: dict[str, list[np.ndarray]] = {}
    for number, part in enumerate(parts):
        size = len(part["feature"])
        for key, values in {**part, "tree": number}.items():
            columns.setdefault(key, []).append(np.broadcast_to(values, (size,)))
    single = not name.startswith("HistGradientBoosting")
    return pa.table({key: np.concatenate(values) for key, values in columns.items()}).replace_schema_metadata(
        {"trees": "sklearn", "single": json.dumps(single), "features": json.dumps(int(model.n_features_in_))}
    )


def _averaged(estimator: Any, number: int) -> list[dict[str, Any]]:
    """A tree of a forest, once for each of its outputs; a classifier's are the shares of the classes."""
    values = estimator.tree_.value
    if values.shape[1] > 1:
        raise ValueError("a forest with several targets")
    shares = values[:, 0, :]
    if hasattr(estimator, "classes_"):
        shares = shares / shares.sum(axis=1, keepdims=True)
    return [
        {**_nodes(estimator.tree_, output, 1.0), "value": shares[:, output] / number}
        for output in range(shares.shape[1])
    ]


def _nodes(tree: Any, output: int, rate: float) -> dict[str, Any]:
    inner = tree.children_left >= 0
    missing = getattr(tree, "missing_go_to_left", np.zeros(len(inner), dtype=np.uint8))
    return {
        "feature": np.where(inner, tree.feature, -1).astype(np.int64),
        "threshold": np.where(inner, tree.threshold, 0.0),
        "left": np.where(inner, tree.children_left, 0).astype(np.int64),
        "right": np.where(inner, tree.children_right, 0).astype(np.int64),
        "default_left": np.asarray(missing).astype(np.bool_),
        "value": np.where(inner, 0.0, rate * tree.value[:, 0, 0]),
        "cover": tree.weighted_n_node_samples.astype(np.float64),
        "output": output,
    }


def _histogram(tree: Any, output: int) -> dict[str, Any]:
    nodes = tree.nodes
    inner = nodes["is_leaf"] == 0
    if "is_categorical" in nodes.dtype.names and nodes["is_categorical"].any():
        raise ValueError("splits by categories, which only LightGBM's text tells of")
    return {
        "feature": np.where(inner, nodes["feature_idx"], -1).astype(np.int64),
        "threshold": np.where(inner, nodes["num_threshold"], 0.0).astype(np.float64),
        "left": np.where(inner, nodes["left"], 0).astype(np.int64),
        "right": np.where(inner, nodes["right"], 0).astype(np.int64),
        "default_left": nodes["missing_go_to_left"].astype(np.bool_),
        "value": np.where(inner, 0.0, nodes["value"]).astype(np.float64),
        "cover": nodes["count"].astype(np.float64),
        "output": output,
    }
