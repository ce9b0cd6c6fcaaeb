"""The inference pipeline, which publishes a week of forecasts; the quality pipeline, which judges it later; the truth."""

from spalje.pipeline import (
    ApprovedVersion,
    Check,
    Decide,
    EarlierBatches,
    Input,
    Parameter,
    Pipeline,
    Process,
    PublishedBatch,
    Transform,
)

journey = Input("journey", kind="folder", help="A delivery: transactions, promotions and products as Parquet.")
week = Parameter("week", type="date", required=True, help="Monday of the week to forecast.")
approved = ApprovedVersion()

preprocess = Process(
    "preprocess",
    script="src/preprocess.py",
    inputs={"journey": journey},
    outputs={"features": "table"},
    parameters={"week": week, "stores": 120, "categories": 20},
)
check_data_quality = Check(
    "check_data_quality",
    monitor="data_quality",
    baseline=approved["data_quality"],
    data=preprocess["features"],
    history=EarlierBatches()["data_quality"],
)
check_attributions = Check(
    "check_attributions",
    monitor="attribution",
    baseline=approved["attribution"],
    model=approved["model"],
    data=preprocess["features"],
    history=EarlierBatches()["attribution"],
    rows=1000,
)
transform = Transform("transform", model=approved["model"], data=preprocess["features"])
estimate_quality = Check(
    "estimate_quality",
    monitor="estimated_quality",
    baseline=approved["model_quality"],
    data=preprocess["features"],
    predictions=transform["predictions"],
    history=EarlierBatches()["estimated_quality"],
)
postprocess = Process(
    "postprocess",
    script="src/postprocess.py",
    inputs={"predictions": transform["predictions"]},
    outputs={"orders": "table"},
)
publish = Decide(
    "publish",
    verdicts=[check_data_quality, check_attributions, estimate_quality],
    features=preprocess["features"],
    predictions=transform["predictions"],
    output=postprocess["orders"],
)
inference = Pipeline(
    "inference",
    steps=[preprocess, check_data_quality, check_attributions, transform, estimate_quality, postprocess, publish],
)

ground_truth = Input("ground_truth", kind="table", help="What was sold: store_id, product_category, day, units.")
batch = PublishedBatch()

check_model_quality = Check(
    "check_model_quality",
    monitor="model_quality",
    baseline=approved["model_quality"],
    data=batch["features"],
    predictions=batch["predictions"],
    ground_truth=ground_truth,
    history=EarlierBatches()["model_quality"],
    estimated=batch["estimated_quality"],
    segments=["product_category", "weekday"],
)
decide = Decide("decide", verdicts=[check_model_quality], ground_truth=ground_truth)
quality = Pipeline("quality", steps=[check_model_quality, decide])

sold = Process(
    "sold",
    script="src/ground_truth.py",
    inputs={"journey": journey},
    outputs={"ground_truth": "table"},
    parameters={"week": week, "stores": 120, "categories": 20},
)
truth = Pipeline("truth", steps=[sold])
