import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))


def test_a_line_is_predicted():
    import inference
    import pyarrow as pa

    assert inference.predict_fn(pa.table({"price": [1.0, 2.0]}), [2.0, 1.0]) == [3.0, 5.0]
