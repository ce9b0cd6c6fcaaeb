from spalje.pipeline import Baseline, Evaluate, Input, Pipeline, Register, Train, Transform

sales = Input("sales", kind="table")
train = Train("train", script="src/train.py", inference="src/inference.py", channels={"train": sales})
transform = Transform("transform", model=train["model"], data=sales)
evaluate = Evaluate("evaluate", script="src/evaluate.py", predictions=transform)
quality = Baseline("quality", monitor="model_quality", predictions=transform, data=sales)
data = Baseline("data", monitor="data_quality", data=sales)
register = Register("register", model=train["model"], evaluation=evaluate, baselines=[data, quality])
build = Pipeline("build", steps=[train, transform, evaluate, quality, data, register])
