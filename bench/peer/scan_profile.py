"""The limit of the profile benchmark: every column is read with PyArrow, row group by row group, and let go.

``plain`` gives strings as they are by default; ``dictionary`` leaves them as the file has them, as places in a
list of different ones, which spares copying each. Who only counts needs no more.
"""

import json
import sys
import time

import pyarrow.parquet as pq


def run(how: str, path: str) -> dict:
    strings = []
    if how == "dictionary":
        strings = [field.name for field in pq.read_schema(path) if field.type == "string"]
    file = pq.ParquetFile(path, read_dictionary=strings)
    rows = columns = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        rows += table.num_rows
        columns = table.num_columns
    return {"rows": rows, "columns": columns}


if __name__ == "__main__":
    began = time.perf_counter()
    done = run(*sys.argv[3:5])
    print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
