"""Profiles, baselines and checks through the real command line, with nothing but files and folders."""

import json
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from command import Command

DAYS, A_DAY = 28, 1500
FIRST = date(2026, 1, 5)


def day(number: int, rows: int = A_DAY, *, shift: float = 0.0, nulls: float = 0.02) -> pa.Table:
    """A day of sales: the same shop every day, but for what chance does."""
    rng = np.random.default_rng(number)
    units = rng.poisson(3, rows).astype(float) + shift
    return pa.table(
        {
            "day": pa.array([FIRST + timedelta(days=number)] * rows, pa.date32()),
            "row": np.arange(rows),
            "units": pa.array(units, mask=rng.random(rows) < nulls),
            "price": rng.normal(20, 4, rows).round(2),
            "segment": rng.choice(["fruit", "greens", "nuts"], rows, p=[0.5, 0.3, 0.2]),
        }
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A folder with training data and a baseline of it."""
    folder = tmp_path_factory.mktemp("shop")
    pq.write_table(pa.concat_tables([day(number) for number in range(DAYS)]), folder / "training.parquet")
    spalje = Command(folder / "no-workspace", folder)
    said = spalje("monitor", "baseline", "training.parquet", "--out", "baseline", "--key", "day", "--key", "row",
                  "--time", "day", "--period", "day", "--json")  # fmt: skip
    assert said.code == 0, said.error
    assert said.json["batches"] == DAYS
    return folder, spalje


def write(folder, name, table):
    pq.write_table(table, folder / name)
    return name


def test_a_profile_is_shown_and_written_in_both_forms(shop):
    folder, spalje = shop
    shown = spalje("profile", "training.parquet")
    assert shown.code == 0
    assert all(name in shown.out for name in ("units", "price", "segment", "fruit"))
    said = spalje("profile", "training.parquet", "--out", "profiled", "--format", "sagemaker", "--json")
    assert said.code == 0, said.error
    assert said.json["rows"] == DAYS * A_DAY
    statistics = json.loads((folder / "profiled" / "statistics.json").read_text())
    assert [feature["name"] for feature in statistics["features"]] == [
        "day",
        "row",
        "units",
        "price",
        "segment",
    ]
    assert not (folder / "no-workspace").exists()


def test_good_days_pass_and_are_remembered_and_a_bad_one_is_an_alarm(shop):
    folder, spalje = shop
    for number in (DAYS, DAYS + 1):
        said = spalje("monitor", "data-quality", write(folder, "batch.parquet", day(number)),
                      "--baseline", "baseline", "--history", "history", "--json")  # fmt: skip
        assert (said.code, said.json["outcome"]) == (0, "ok"), said.json["summary"]
        assert said.json["figures"]["drift"]["calibrated"]
    bad = write(folder, "bad.parquet", day(DAYS + 2, nulls=0.4))
    said = spalje(
        "monitor", "data-quality", bad, "--baseline", "baseline", "--history", "history", "--out", "out"
    )
    assert said.code == 4
    assert "units" in said.out
    verdict = json.loads((folder / "out" / "verdict.json").read_text())
    assert verdict["outcome"] == "alarm"
    assert "units" in {found["column"] for found in verdict["violations"] if found["breach"]}
    page = (folder / "out" / "report.html").read_text()
    assert "units" in page
    assert "<script" not in page
    assert json.loads((folder / "out" / "constraint_violations.json").read_text())["violations"]
    listed = spalje("monitor", "history", "history", "--json").json
    assert [(row["day"], row["outcome"], row["good"]) for row in listed] == [
        ("2026-02-02", "ok", True),
        ("2026-02-03", "ok", True),
        ("2026-02-04", "alarm", False),
    ]
    assert spalje("monitor", "accept", "2026-02-04", "--history", "history").code == 0
    assert all(row["good"] for row in spalje("monitor", "history", "history", "--json").json)


def test_a_shift_is_a_drift_and_not_a_fault(shop):
    folder, spalje = shop
    said = spalje("monitor", "data-quality", write(folder, "shift.parquet", day(DAYS, shift=1.0)),
                  "--baseline", "baseline", "--json")  # fmt: skip
    assert said.json["outcome"] in ("warning", "alarm")
    assert not any(found["breach"] for found in said.json["violations"])
    assert said.json["figures"]["drift"]["columns"]["units"]["found"]


def test_model_monitors_own_folder_is_a_baseline(shop):
    folder, spalje = shop
    assert spalje("profile", "training.parquet", "--out", "theirs", "--format", "sagemaker").code == 0
    good = write(folder, "plain.parquet", day(DAYS))
    said = spalje("monitor", "data-quality", good, "--baseline", "theirs", "--json")
    assert "uncalibrated" in said.json["summary"] + json.dumps(said.json["figures"]).lower() or (
        said.json["figures"]["drift"]["calibrated"] is False
    )
    theirs = spalje(
        "monitor", "data-quality", good, "--baseline", "theirs", "--policy", "sagemaker", "--json"
    )
    assert theirs.json["figures"]["policy"] == "sagemaker"


def test_csv_is_told_by_its_content(shop):
    folder, spalje = shop
    pyarrow.csv.write_csv(day(3), folder / "sales.parquet")
    said = spalje("profile", "sales.parquet", "--json")
    assert said.code == 0, said.error
    assert said.json["rows"] == A_DAY


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("profile", "nothing.parquet"), 3, "nothing.parquet"),
        (("profile", "training.parquet", "--column", "unit"), 3, "units"),
        (("monitor", "baseline", "training.parquet", "--out", "x", "--time", "dag"), 2, "day"),
        (("monitor", "data-quality", "training.parquet", "--baseline", "nowhere"), 3, "nowhere"),
        (("monitor", "data-quality", "training.parquet", "--baseline", "baseline", "--policy", "mine"), 2, "sagemaker"),
        (("monitor", "data-quality", "training.parquet", "--baseline", "baseline", "--alpha", "5"), 3, "alpha"),
        (("monitor", "data-quality", "training.parquet", "--baseline", "baseline", "--history", "h", "--name", "../x"), 2, "--name"),
        (("monitor", "history", "nowhere"), 3, "nowhere"),
        (("monitor", "accept", "nobody", "--history", "history"), 2, "nobody"),
    ],
)  # fmt: skip
def test_a_slip_gets_a_clear_answer(shop, words, code, said):
    _, spalje = shop
    answer = spalje(*words)
    assert answer.code == code, answer.error
    assert said in answer.error
    assert "Traceback" not in answer.error
