"""Figures for Prometheus: read back by Prometheus' own parser."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from recorder import Recorder

from spalje.alerts.figures import metrics
from spalje.alerts.prometheus import Family, exposition, write
from spalje.errors import BadInput
from spalje.lineage.run import Status
from spalje.monitor.verdict import Outcome, Verdict
from spalje.storage.artifacts import Artifacts

labels = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


def parsed(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@given(
    st.lists(st.tuples(labels, st.floats(allow_nan=False)), max_size=5, unique_by=lambda one: one[0]),
    st.text('a\\\n"', max_size=9),
)
def test_what_is_written_is_what_prometheus_reads(samples: list[tuple[str, float]], said: str):
    family = Family("x", "gauge", said, tuple(({"a": name, "b": "c"}, value) for name, value in samples))
    assert parsed(exposition((family,))) == {
        ("x", (("a", name), ("b", "c"))): value for name, value in samples
    }


@given(st.lists(st.integers(-(10**17), 10**17), min_size=1, max_size=3))
def test_numbers_keep_their_value(values: list[int]):
    family = Family(
        "x", "counter", "h", tuple(({"n": str(n)}, float(value)) for n, value in enumerate(values))
    )
    assert list(parsed(exposition((family,))).values()) == [float(value) for value in values]


def test_the_figures_of_a_workspace(record: Recorder, tmp_path: Path):
    artifacts = Artifacts(tmp_path / "artifacts")
    scratch = artifacts.scratch() / "made"
    scratch.mkdir()
    verdict = Verdict(monitor="data_quality", outcome=Outcome.WARNING, summary="Drift.")
    (scratch / "verdict.json").write_text(verdict.model_dump_json())
    stored = artifacts.put(scratch, "verdict")
    record.project("dairy")
    record.version()
    judged = record.batch()
    record.evaluation(
        judged,
        coverage=0.75,
        outcome="alarm",
        metrics={"rmse": 0.6, "coverage": 0.75, "n": 3, "by": [1], "ok": True},
    )
    newest = record.batch(artifacts={"verdict_data_quality": stored.digest})
    record.metadata.runs.finish(record.run().id, Status.FAILED, "It fell.", record.now())
    text = exposition(metrics(record.metadata, artifacts))
    found = parsed(text)

    def value(name: str, **names: str) -> float | None:
        return found.get((name, tuple(sorted(names.items()))))

    assert value("spalje_runs_total", project="fresh", pipeline="build") == 2
    assert value("spalje_runs_by_status", project="fresh", pipeline="build", status="failed") == 1
    assert value("spalje_batches_total", project="fresh") == 2
    assert value("spalje_batches_by_status", project="fresh", status="published") == 2
    assert value("spalje_last_batch_timestamp_seconds", project="fresh") == newest.created_at.timestamp()
    outcomes = {
        (monitor, outcome): value("spalje_batch_outcome", project="fresh", monitor=monitor, outcome=outcome)
        for monitor in ("data_quality", "model_quality")
        for outcome in (*Outcome, "missing")
    }
    assert {key for key, one in outcomes.items() if one} == {
        ("data_quality", "warning"),
        ("model_quality", "alarm"),
    }
    assert sum(outcomes.values()) == 2
    assert value("spalje_model_quality", project="fresh", metric="rmse") == 0.6
    assert value("spalje_model_quality_coverage", project="fresh") == 0.75
    assert {dict(names).get("metric") for name, names in found if name == "spalje_model_quality"} == {
        "rmse",
        "n",
    }
    assert value("spalje_pending_versions", project="fresh") == 1
    assert value("spalje_pending_versions", project="dairy") == 0
    kinds = {family.name: family.type for family in text_string_to_metric_families(text)}
    assert {name for name, kind in kinds.items() if kind == "counter"} == {"spalje_runs", "spalje_batches"}


def test_counters_never_fall_when_a_run_is_resumed(record: Recorder, tmp_path: Path):
    artifacts = Artifacts(tmp_path / "artifacts")
    run = record.run()
    record.metadata.runs.finish(run.id, Status.FAILED, "It fell.", record.now())
    before = parsed(exposition(metrics(record.metadata, artifacts)))
    record.metadata.runs.reopen(run.id)
    after = parsed(exposition(metrics(record.metadata, artifacts)))
    for key, value in before.items():
        if key[0].endswith("_total"):
            assert after[key] >= value


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path):
    file = tmp_path / "spalje.prom"
    write("a 1\n", file)
    write("a 2\n", file)
    assert file.read_text() == "a 2\n"
    assert [path.name for path in tmp_path.iterdir()] == ["spalje.prom"]
    with pytest.raises(BadInput, match=r"does not end in \.prom"):
        write("a 3\n", tmp_path / "spalje.txt")
    with pytest.raises(BadInput, match="cannot be written: No such file"):
        write("a 3\n", tmp_path / "absent" / "spalje.prom")
    (tmp_path / "folder.prom").mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        write("a 3\n", tmp_path / "folder.prom")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.prom", "spalje.prom"]


def test_json_of_the_figures_is_strict(record: Recorder, tmp_path: Path):
    families = metrics(record.metadata, Artifacts(tmp_path / "artifacts"))
    json.dumps([[labels, value] for family in families for labels, value in family.samples], allow_nan=False)
