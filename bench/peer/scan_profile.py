"""The limit of the profile benchmark: every column is read with PyArrow, row group by row group, and let go."""

import json
import sys
import time

import pyarrow.parquet as pq


def run(path: str) -> dict:
    file = pq.ParquetFile(path)
    rows = columns = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        rows += table.num_rows
        columns = table.num_columns
    return {"rows": rows, "columns": columns}


if __name__ == "__main__":
    began = time.perf_counter()
    done = run(sys.argv[3])
    print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
