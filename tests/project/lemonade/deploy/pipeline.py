from spalje.pipeline import (
    ApprovedVersion,
    Check,
    Decide,
    EarlierBatches,
    Input,
    Pipeline,
    PublishedBatch,
    Transform,
)

features = Input("features", kind="table")
approved, batch = ApprovedVersion(), PublishedBatch()
transform = Transform("transform", model=approved["model"], data=features)
check = Check(
    "check",
    monitor="data_quality",
    baseline=approved["data_quality"],
    data=features,
    history=EarlierBatches()["data_quality"],
)
publish = Decide("publish", verdicts=[check], features=features, predictions=transform)
inference = Pipeline("inference", steps=[transform, check, publish])

came = Input("ground_truth", kind="table")
judge = Check(
    "judge",
    monitor="model_quality",
    baseline=approved["model_quality"],
    data=batch["features"],
    predictions=batch["predictions"],
    ground_truth=came,
    history=EarlierBatches()["model_quality"],
)
decide = Decide("decide", verdicts=[judge], ground_truth=came)
quality = Pipeline("quality", steps=[judge, decide])
