"""What came of a run, for whoever drives it."""

from pathlib import Path

from spalje.execution.ending import verdicts_of
from spalje.lineage.run import StepRun
from spalje.monitor.verdict import Outcome, Verdict
from spalje.pipeline.definition import SourceLine, StepSpec
from spalje.storage.artifacts import Artifacts


def test_verdicts_of_a_script_count_as_a_monitors_do(tmp_path: Path):
    artifacts = Artifacts(tmp_path)
    outputs = {}
    for name, outcome in (("freshness", Outcome.WARNING), ("margins", Outcome.OK), ("empty", None)):
        folder = artifacts.scratch()
        if outcome is not None:
            said = Verdict(monitor=name, outcome=outcome, summary="Said.").model_dump_json()
            (folder / "verdict.json").write_text(said)
        outputs[name] = artifacts.put(folder, "verdict").digest
    step = StepSpec(
        name="look",
        kind="process",
        outputs={**dict.fromkeys(outputs, "verdict"), "rows": "table", "late": "verdict"},
        where=SourceLine(file="pipeline.py", line=1),
    )
    state = StepRun("small/inference/1", "look", "process", outputs=outputs)
    assert verdicts_of(step, state, artifacts) == {"freshness": "warning", "margins": "ok"}
