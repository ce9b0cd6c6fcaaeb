"""How a model is asked."""

import numpy as np
import pyarrow as pa

from spalje.model.answers import ProcessAnswers


def test_answers_come_table_by_table_however_the_process_cuts_them():
    class Cuts:
        """Answers three rows at a time, one block late, as a process may."""

        def predict_blocks(self, tables, name):
            late = None
            for table in tables:
                for start in range(0, table.num_rows, 3):
                    if late is not None:
                        yield late, late
                    late = table.slice(start, 3)
            yield late, late

    tables = [pa.table({"x": np.arange(size) + 100.0 * size}) for size in (5, 1, 1, 7, 2)]
    answers = list(ProcessAnswers(Cuts(), "rows").stream(iter(tables)))
    assert [answer.tolist() for answer in answers] == [
        [[x] for x in table["x"].to_pylist()] for table in tables
    ]
