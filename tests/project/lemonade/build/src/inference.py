import json
from pathlib import Path

accepts = "arrow"


def model_fn(model_dir):
    return json.loads(Path(model_dir, "line.json").read_text())


def predict_fn(data, model):
    return [model[0] * price + model[1] for price in data["price"].to_pylist()]
