import sys
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import inference


def test_a_line_is_predicted():
    assert inference.predict_fn(pa.table({"price": [1.0, 2.0]}), [2.0, 1.0]) == [3.0, 5.0]
