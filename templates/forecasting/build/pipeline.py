"""The build pipeline: from a delivery of sales data to a registered model version.

Change the settings here and the scripts in src/; everything between the steps is Spaljé's.
"""

from spalje.pipeline import (
    ApprovedVersion,
    Baseline,
    Compare,
    Evaluate,
    Input,
    Parameter,
    Pipeline,
    Process,
    Register,
    Train,
    Transform,
)

journey = Input("journey", kind="folder", help="A delivery: transactions, promotions and products as Parquet.")
today = Parameter("today", type="date", help="A Monday; what was sold from then on is not used. Default: the last.")

preprocess = Process(
    "preprocess",
    script="src/preprocess.py",
    inputs={"journey": journey},
    outputs={"train": "table", "validation": "table", "evaluation": "table"},
    parameters={"today": today, "stores": 120, "categories": 20, "evaluation_weeks": 9, "validation_weeks": 2},
)
train = Train(
    "train",
    script="src/train.py",
    inference="src/inference.py",
    channels={"train": preprocess["train"], "validation": preprocess["validation"]},
    hyperparameters={"learning_rate": 0.1, "num_leaves": 31, "rounds": 300, "tweedie_variance_power": 1.6},
    metrics={"validation-poisson": r"validation-poisson: ([0-9.]+)", "validation-rmse": r"validation-rmse: ([0-9.]+)"},
)
transform = Transform("transform", model=train["model"], data=preprocess["evaluation"])
evaluate = Evaluate(
    "evaluate",
    script="src/evaluate.py",
    predictions=transform["predictions"],
    inputs={"evaluation": preprocess["evaluation"]},
)
compare = Compare(
    "compare",
    champion=ApprovedVersion(optional=True)["model"],
    data=preprocess["evaluation"],
    predictions=transform["predictions"],
)
data_quality = Baseline("data_quality", monitor="data_quality", data=preprocess["train"])
model_quality = Baseline(
    "model_quality",
    monitor="model_quality",
    predictions=transform["predictions"],
    data=preprocess["evaluation"],
)
attribution = Baseline(
    "attribution", monitor="attribution", model=train["model"], data=preprocess["train"], samples=64
)
register = Register(
    "register",
    model=train["model"],
    evaluation=evaluate["report"],
    baselines=[data_quality, model_quality, attribution],
    after=[compare],
)

build = Pipeline(
    "build",
    steps=[preprocess, train, transform, evaluate, compare, data_quality, model_quality, attribution, register],
)
