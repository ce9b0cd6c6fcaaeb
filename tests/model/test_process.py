"""A model in its own process, driven as the steps drive it: real processes, real pipes."""

import os
import subprocess
import sys
import textwrap
from contextlib import ExitStack

import numpy as np
import pyarrow as pa
import pytest
from ended import ended

from spalje.errors import BadInput, StepFailed
from spalje.model import process
from spalje.model.package import pack
from spalje.model.process import open_model
from spalje.model.program import Python
from spalje.pipeline.problem import Problem

PROBLEM = Problem(type="regression", target="units", features=("price", "store"), keys=("id",))
TABLE = pa.table({"id": [1, 2, 3], "store": ["a", "b", None], "price": [1.5, 2.5, None]})

DOUBLE = """
def model_fn(model_dir):
    return 2.0

def predict_fn(data, model):
    return data["price"].fillna(0.0) * model
"""


def start(folder, code, problem=PROBLEM, **options):
    for name in ("repository", "trained", "package"):
        (folder / name).mkdir(parents=True)
    (folder / "repository" / "inference.py").write_text(textwrap.dedent(code))
    (folder / "repository" / "beside.py").write_text("FACTOR = 3.0\n")
    (folder / "trained" / "model.txt").write_text("7")
    pack(folder / "trained", folder / "repository" / "inference.py", problem, folder / "package")
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return open_model(
        folder / "package", Python(sys.executable, environ).command, folder.parent / "step.log", **options
    )


@pytest.fixture
def opened(tmp_path):
    """Opens a model whose inference.py has the given text; everything is closed at the end."""
    with ExitStack() as stack:
        yield lambda code, *problem, **options: stack.enter_context(
            start(tmp_path / f"package{len(list(tmp_path.glob('package*')))}", code, *problem, **options)
        )


@pytest.fixture(scope="module")
def obedient(tmp_path_factory):
    """A model that gives what the first value of ``store`` says."""
    code = """
    import numpy as np, pandas as pd, pyarrow as pa
    def model_fn(model_dir): return None
    def predict_fn(data, model): return eval(data["store"][0])
    """
    with start(tmp_path_factory.mktemp("obedient") / "package", code) as model:
        yield model


def asking_for(expression):
    return pa.table({"store": [expression] * 3, "price": [1.0, 2.0, 3.0]})


def values(predictions, column="prediction"):
    return predictions[column].to_pylist()


def test_one_prediction_per_row(opened):
    with opened(DOUBLE) as model:
        assert values(model.predict(TABLE)) == [3.0, 5.0, 0.0]
        assert values(model.predict(TABLE.slice(1, 1))) == [5.0]


def test_the_script_sees_the_features_in_order_and_what_stands_beside_it(opened):
    code = """
    from beside import FACTOR
    from pathlib import Path

    def model_fn(model_dir):
        return float((Path(model_dir) / "model.txt").read_text())

    def predict_fn(data, model):
        assert list(data.columns) == ["price", "store"], list(data.columns)
        assert data["store"].isna().tolist() == [False, False, True]
        return [model * FACTOR] * len(data)
    """
    with opened(code) as model:
        assert values(model.predict(TABLE)) == [21.0] * 3


def test_a_script_that_accepts_arrow_gets_a_table_and_needs_no_pandas(opened):
    code = """
    import sys
    import pyarrow as pa
    import pyarrow.compute as pc
    accepts = "arrow"

    def model_fn(model_dir):
        return 2.0

    def predict_fn(data, model):
        assert isinstance(data, pa.Table) and data.column_names == ["price", "store"]
        assert "pandas" not in sys.modules
        return pc.multiply(pc.fill_null(data["price"], 0.0), model)
    """
    with opened(code) as model:
        assert values(model.predict(TABLE)) == [3.0, 5.0, 0.0]


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("np.arange(6).reshape(3, 2)", {"prediction_0": [0.0, 2.0, 4.0], "prediction_1": [1.0, 3.0, 5.0]}),
        ("[[1, 2], [3, 4], [5, 6]]", {"prediction_0": [1.0, 3.0, 5.0], "prediction_1": [2.0, 4.0, 6.0]}),
        ("pd.DataFrame({'no': [0.1] * 3, 'yes': [0.9] * 3})", {"no": [0.1] * 3, "yes": [0.9] * 3}),
        ("pd.DataFrame({'anything': [1, 2, 3]})", {"prediction": [1.0, 2.0, 3.0]}),
        ("np.ones((3, 1), dtype='float32')", {"prediction": [1.0] * 3}),
        ("pd.Series([1, 2, 3], index=[7, 8, 9])", {"prediction": [1.0, 2.0, 3.0]}),
        ("np.array([True, False, True])", {"prediction": [1.0, 0.0, 1.0]}),
        (
            "pa.table({'low': [1, 2, 3], 'high': [4, 5, 6]})",
            {"low": [1.0, 2.0, 3.0], "high": [4.0, 5.0, 6.0]},
        ),
    ],
)
def test_predictions_of_any_shape_become_named_columns(obedient, expression, columns):
    assert obedient.predict(asking_for(expression)).to_pydict() == columns


@pytest.mark.parametrize(
    ("output", "columns"),
    [
        ('"1.5\\n2.5\\n3.5\\n"', {"prediction": [1.5, 2.5, 3.5]}),
        ('b"no,yes\\n0.1,0.9\\n0.2,0.8\\n0.3,0.7"', {"no": [0.1, 0.2, 0.3], "yes": [0.9, 0.8, 0.7]}),
        ('"1,2\\n3,4\\n5,6"', {"prediction_0": [1.0, 3.0, 5.0], "prediction_1": [2.0, 4.0, 6.0]}),
        ("json.dumps(prediction), 'application/json'", {"prediction": [1.0, 2.0, 3.0]}),
        ('json.dumps({"predictions": [{"score": p} for p in prediction]})', {"prediction": [1.0, 2.0, 3.0]}),
    ],
)
def test_input_fn_and_output_fn_stand_between(opened, output, columns):
    code = f"""
    import io, json
    import pandas as pd
    def model_fn(model_dir): return None
    def input_fn(body, content_type):
        assert content_type == "application/x-parquet"
        return pd.read_parquet(io.BytesIO(body))
    def predict_fn(data, model):
        assert list(data.columns) == ["price", "store"]
        return [1, 2, 3]
    def output_fn(prediction, accept): return {output}
    """
    with opened(code) as model:
        assert model.predict(TABLE).to_pydict() == columns


def test_a_script_may_change_the_data_it_is_given(opened):
    code = """
    def model_fn(model_dir): return None
    def predict_fn(data, model):
        data.iloc[0, 0] = 100.0
        data["price"] += 1.0
        data.drop(index=data.index[:0], inplace=True)
        return data.pop("price").to_numpy()
    """
    one = PROBLEM.model_copy(update={"features": ("price",)})
    with opened(code, one) as model:
        table = TABLE.slice(0, 2)
        assert values(model.predict(table)) == [101.0, 3.5]
        assert table["price"].to_pylist() == [1.5, 2.5]


def test_what_a_script_prints_goes_to_the_log_and_nowhere_else(opened, tmp_path):
    code = """
    import os, sys
    accepts = "arrow"
    def model_fn(model_dir):
        print("loading")
        os.system("echo from a child")
        return None
    def predict_fn(data, model):
        print("x" * 200_000)
        sys.stdout.write("no newline")
        os.write(1, b"straight to one")
        return [0.0] * len(data)
    """
    with opened(code) as model:
        assert values(model.predict(TABLE)) == [0.0] * 3
    log = (tmp_path / "step.log").read_text()
    assert all(
        text in log for text in ("loading", "from a child", "x" * 200_000, "no newline", "straight to one")
    )


def test_nothing_is_written_into_the_package(opened, tmp_path):
    with opened("import beside\n" + DOUBLE) as model:
        model.predict(TABLE)
    names = sorted(path.name for path in (tmp_path / "package0" / "package" / "code").iterdir())
    assert names == ["beside.py", "inference.py"]


def test_large_tables_go_in_blocks_of_bounded_size_and_come_back_in_order(opened, monkeypatch):
    monkeypatch.setattr(process, "BLOCK_ROWS", 1000)
    code = """
    def model_fn(model_dir): return None
    def predict_fn(data, model):
        assert len(data) <= 1000
        return data["price"] + 0.5
    """
    price = np.arange(10_500, dtype=float)
    table = pa.table({"price": price, "store": ["a"] * len(price)})
    with opened(code) as model:
        assert np.array_equal(model.predict(table)["prediction"].to_numpy(), price + 0.5)
        pieces = [table.slice(0, 2500), table.slice(2500, 0), table.slice(2500)]
        blocks = list(model.predict_blocks(pieces))
    assert max(block.num_rows for block, _ in blocks) == 1000
    assert all(
        np.array_equal(block["price"].to_numpy() + 0.5, given["prediction"]) for block, given in blocks
    )
    assert sum(block.num_rows for block, _ in blocks) == len(price)


def test_a_table_without_rows_has_no_predictions_and_asks_nobody(opened):
    with opened("def model_fn(d): pass\ndef predict_fn(data, model): raise AssertionError") as model:
        assert model.predict(TABLE.slice(0, 0)).to_pydict() == {"prediction": []}


def test_categories_and_dates_arrive_as_pandas_would_read_them(opened):
    code = """
    def model_fn(model_dir): return None
    def predict_fn(data, model):
        assert str(data["store"].dtype) == "category", data.dtypes
        return data["price"].dt.day.to_list()
    """
    days = pa.array([17_410, 17_411, 17_412], pa.date32()).cast(pa.timestamp("us"))  # 1 to 3 September 2017
    table = pa.table({"price": days, "store": pa.array(["a", "b", "a"]).dictionary_encode()})
    with opened(code) as model:
        assert values(model.predict(table)) == [1.0, 2.0, 3.0]


def test_a_missing_feature_is_told_before_the_model_is_asked(opened):
    with opened(DOUBLE) as model, pytest.raises(BadInput, match=r"september lacks the feature 'price'"):
        model.predict(TABLE.rename_columns(["id", "store", "cost"]), "september")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("[1.0]", "1 predictions for 3 rows, 2 fewer .*rows 0 to 2 of september"),
        ("[1.0] * 4", "4 predictions for 3 rows, 1 more"),
        ("[1.0, float('nan'), 1.0]", "1 of 3 .* missing in row 1"),
        ("[1.0, None, None]", "2 of 3 .* missing in row 1"),
        ("[1.0, 1.0, float('inf')]", "inf in row 2"),
    ],
)
def test_predictions_that_break_the_contract_name_the_batch_and_the_row(obedient, expression, message):
    with pytest.raises(BadInput, match=message) as failure:
        obedient.predict(asking_for(expression), "september")
    assert failure.value.do


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("['a', 'b', 'c']", "values of type string, for example 'a'; predictions are numbers"),
        ("__import__('pandas').Series(['1.5', '2', '3'])", "string.*predictions are numbers"),
        ("5.0", "a float that is not one number per row"),
        ("None", "a NoneType that is not one number per row"),
        ("[[1, 2], [3], [4, 5]]", "different widths"),
        ("[object(), 1, 2]", "a list that is not one number per row"),
        ("1 / 0", r"ZeroDivisionError: division by zero \(inference.py:5, in predict_fn\)"),
        ("sys.exit(5)", "SystemExit: 5"),
    ],
)
def test_errors_of_the_script_come_back_in_a_line_and_stand_in_the_log(opened, tmp_path, expression, message):
    code = f"""
    import sys
    accepts = "arrow"
    def model_fn(model_dir): return None
    def predict_fn(data, model): return {expression}
    """
    with (
        opened(code) as model,
        pytest.raises(StepFailed, match=f"inference.py failed on rows 0 to 2 .*{message}") as failure,
    ):
        model.predict(TABLE)
    assert "Traceback" in failure.value.log
    assert "Traceback" in (tmp_path / "step.log").read_text()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def predict_fn(data, model): return 1", "defines no function model_fn"),
        ("def model_fn(d): pass", "defines no function predict_fn"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def model_fn(:", r"SyntaxError"),
        ("accepts = 'polars'\n" + DOUBLE, "accepts = 'polars'; it can be"),
        (
            "def model_fn(d): open(d + '/model.bin')\ndef predict_fn(data, model): pass",
            "FileNotFoundError.*model.bin",
        ),
    ],
)
def test_a_script_that_cannot_be_loaded_says_why_at_once(opened, code, message):
    with pytest.raises(StepFailed, match=f"inference.py failed while it was loaded: .*{message}"):
        opened(code)


@pytest.mark.parametrize(
    ("death", "code_of", "message"),
    [
        (
            "os._exit(3)",
            3,
            r"ended with exit code 3 on rows 0 to 2 of batch. The last line it printed: about to go",
        ),
        (
            "os.kill(os.getpid(), 9)",
            -9,
            r"killed by SIGKILL .*for memory\. The last line it printed: about to go",
        ),
        ("os.kill(os.getpid(), 11)", -11, r"killed by SIGSEGV .*about to go"),
    ],
)
def test_a_process_that_dies_is_reported_with_its_last_words(opened, death, code_of, message):
    code = f"""
    import os
    accepts = "arrow"
    def model_fn(model_dir): return None
    def predict_fn(data, model):
        print("about to go")
        {death}
    """
    ends = []
    with (
        opened(code, ended=lambda group, how: ends.append(how)) as model,
        pytest.raises(StepFailed, match=message),
    ):
        model.predict(TABLE)
    assert [how.code for how in ends] == [code_of]


def test_a_process_that_dies_while_it_is_fed_is_reported(opened, monkeypatch):
    monkeypatch.setattr(process, "BLOCK_ROWS", 50_000)
    code = """
    import os
    accepts = "arrow"
    def model_fn(model_dir): return None
    def predict_fn(data, model): os._exit(4)
    """
    table = pa.table({"price": np.zeros(500_000), "store": np.zeros(500_000)})
    with opened(code) as model, pytest.raises(StepFailed, match="exit code 4"):
        model.predict(table)


def test_a_process_that_hangs_is_stopped_after_its_limit(opened):
    code = """
    import time
    accepts = "arrow"
    def model_fn(model_dir): return None
    def predict_fn(data, model):
        print("thinking")
        time.sleep(600)
    """
    with (
        opened(code, timeout_s=1.5) as model,
        pytest.raises(StepFailed, match=r"limit of 1.5 s.*thinking") as failure,
    ):
        model.predict(TABLE)
    assert "timeout_s" in failure.value.do


def test_what_the_script_started_ends_with_it(opened, tmp_path):
    code = """
    import subprocess, sys
    accepts = "arrow"
    def model_fn(model_dir):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print("child", child.pid)
        return None
    def predict_fn(data, model): return [0.0] * len(data)
    """
    with opened(code) as model:
        model.predict(TABLE)
    child = int((tmp_path / "step.log").read_text().split("child ")[1].split()[0])
    assert ended(child)


def test_a_forked_child_that_holds_the_pipes_does_not_hide_a_death(opened):
    code = """
    import os, time
    accepts = "arrow"
    def model_fn(model_dir): return None
    def predict_fn(data, model):
        if os.fork() == 0:
            time.sleep(600)
        os._exit(6)
    """
    with opened(code) as model, pytest.raises(StepFailed, match="exit code 6"):
        model.predict(TABLE)


def test_the_process_ends_with_the_one_that_started_it(opened, tmp_path):
    opened(DOUBLE)  # packs it
    starter = f"""
import os, sys, time
from pathlib import Path
from spalje.model.process import open_model
from spalje.model.program import Python
open_model(Path({str(tmp_path / "package0" / "package")!r}), Python(sys.executable, dict(os.environ)).command,
           Path({str(tmp_path / "other.log")!r}), started=lambda group: print(group.number, flush=True))
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", starter], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    assert ended(int(done.stdout))


def test_how_it_ended_and_what_it_took_is_told(opened):
    started, ends = [], []
    with opened(DOUBLE, started=started.append, ended=lambda group, how: ends.append((group, how))) as model:
        model.predict(TABLE)
    [(group, how)] = ends
    assert started == [group]
    assert how.code == 0
    assert how.cpu_s > 0.01
    assert how.peak_mib > 10


def test_columns_must_be_the_same_for_every_block(opened, monkeypatch):
    monkeypatch.setattr(process, "BLOCK_ROWS", 1)
    code = """
    import pandas as pd
    def model_fn(model_dir): return [0]
    def predict_fn(data, model):
        model[0] += 1
        return pd.DataFrame({"a": [1.0], f"b{model[0]}": [2.0]})
    """
    with opened(code) as model, pytest.raises(BadInput, match=r"\['a', 'b2'\] for row 1 of batch"):
        model.predict(TABLE)


def test_a_loop_that_is_left_early_ends_the_process_rather_than_mix_up_replies(opened, monkeypatch):
    monkeypatch.setattr(process, "BLOCK_ROWS", 1)
    with opened(DOUBLE) as model:
        blocks = model.predict_blocks([TABLE])
        next(blocks)
        blocks.close()
        with pytest.raises(StepFailed, match="has been closed"):
            model.predict(TABLE)


def test_an_interpreter_that_is_not_there_is_an_error(tmp_path, opened):
    opened(DOUBLE)
    with pytest.raises(StepFailed, match="could not be started"):
        open_model(tmp_path / "package0" / "package", Python("/no/such/python", {}).command, tmp_path / "log")
