"""Explanations through the real command line: any table, any script, one row, and what may go wrong."""

import json
import textwrap

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command import Command

SCRIPT = """
    from pathlib import Path
    import json
    def model_fn(folder): return json.loads((Path(folder) / "model.json").read_text())
    def predict_fn(data, model):
        north = data["store"].astype(str).eq("north")
        return model["price"] * data["price"] + model["mailer"] * data["mailer"] * north
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A folder with a table of sales and a model that is no library's."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(0)
    rows = 300
    table = pa.table(
        {
            "id": np.arange(rows),
            "store": rng.choice(["north", "south"], rows),
            "price": rng.normal(5, 1, rows),
            "mailer": rng.random(rows) < 0.3,
            "idle": rng.normal(size=rows),
        }
    )
    pq.write_table(table, folder / "sales.parquet")
    (folder / "model").mkdir()
    (folder / "model" / "inference.py").write_text(textwrap.dedent(SCRIPT))
    (folder / "model" / "model.json").write_text(json.dumps({"price": -2.0, "mailer": 3.0}))
    return folder, Command(folder / "no-workspace", folder)


def test_a_table_is_explained_and_everything_is_written(shop):
    folder, spalje = shop
    said = spalje(
        "explain", "sales.parquet", "--model", "model", "--key", "id", "--background", "4", "--out", "out"
    )
    assert said.code == 0, said.error
    assert said.out.index("price") < said.out.index("mailer") < said.out.index("idle")
    assert "It took" in said.out
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "analysis.json", "background.parquet", "explanation.json", "figures", "local.parquet", "report.html",
    ]  # fmt: skip
    local = pq.read_table(folder / "out" / "local.parquet").to_pandas()
    gain = local["__prediction_label0__"] - json.loads((folder / "out" / "analysis.json").read_text())[
        "explanations"]["kernel_shap"]["label0"]["expected_value"]  # fmt: skip
    assert np.allclose(
        local[[f"{name}_label0" for name in ("store", "price", "mailer", "idle")]].sum(axis=1), gain
    )
    assert np.abs(local["idle_label0"]).max() < 1e-9
    again = spalje("explain", "sales.parquet", "--model", "model/inference.py", "--key", "id",
                   "--background", "out/background.parquet", "--json")  # fmt: skip
    assert again.json["features"] == json.loads((folder / "out" / "explanation.json").read_text())["features"]
    assert not (folder / "no-workspace").exists()


def test_one_row_is_explained_against_an_average_and_against_another(shop):
    folder, spalje = shop
    table = pq.read_table(folder / "sales.parquet").to_pandas()
    shown = spalje("explain", "row", "sales.parquet", "--model", "model", "--key", "id=7")
    assert shown.code == 0, shown.error
    assert "id 7" in shown.out
    assert "is expected" in shown.out
    said = spalje(
        "explain", "row", "sales.parquet", "--model", "model", "--key", "id=7", "--against", "id=8", "--json"
    )
    output = said.json["outputs"]["label0"]
    assert output["values"]["price"] == pytest.approx(-2 * (table.price[7] - table.price[8]))
    assert sum(output["values"].values()) == pytest.approx(output["prediction"] - output["expected"])


def test_segments_groups_and_methods(shop):
    _, spalje = shop
    said = spalje("explain", "sales.parquet", "--model", "model", "--key", "id", "--where", "store=north",
                  "--against", "store=south", "--group", "advertising=mailer,idle", "--method", "exact", "--json")  # fmt: skip
    assert said.code == 0, said.error
    assert {each["name"] for each in said.json["features"]} == {"store", "price", "advertising"}
    assert said.json["method"] == "exact"
    assert said.json["standard_error"] == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("sales.parquet", "--model", "nowhere"), 3, "no model nowhere"),
        (("nowhere.parquet", "--model", "model"), 3, "nowhere.parquet"),
        (("sales.parquet", "--model", "model", "--method", "tree"), 3, "no decision trees"),
        (("sales.parquet", "--model", "model", "--where", "store=east"), 3, "for example: store="),
        (("sales.parquet", "--model", "model", "--where", "store"), 2, "NAME=VALUE"),
        (("sales.parquet", "--model", "model", "--background", "0"), 3, "1 to 1,000"),
        (("sales.parquet", "--model", "model", "--rows", "0"), 2, "at least one row"),
        (("sales.parquet", "--model", "model", "--background", "3", "--against", "id=1"), 2, "one of them"),
        (("sales.parquet", "--model", "model", "--group", "a=pricy"), 3, "Did you mean 'price'"),
        (("sales.parquet", "--model", "model", "--feature", "price"), 1, "KeyError: 'store'"),
        (("row", "sales.parquet", "--key", "id=1"), 2, "--model"),
        (("row", "sales.parquet", "--model", "model", "--key", "store=north"), 3, "rows have store=north"),
        (("row", "--batch", "fresh/1", "--key", "id=1"), 2, "no workspace"),
    ],
)
def test_slips_are_told_in_plain_words(shop, words, code, said):
    _, spalje = shop
    found = spalje("explain", *words)
    assert found.code == code
    assert said in found.error.replace("\n", " ")
    assert "src/spalje" not in found.error
