"""DuckDB's side of the profile benchmark: SUMMARIZE, straight from the file."""

import json
import sys
import time

import duckdb


def run(path: str) -> dict:
    found = duckdb.sql("SUMMARIZE SELECT * FROM read_parquet($path)", params={"path": path}).fetchall()
    # column_name, column_type, min, max, approx_unique, avg, std, q25, q50, q75, count, null_percentage
    described = {row[0]: row for row in found}
    return {
        "rows": described["shifted"][10],
        "columns": len(described),
        "mean": float(described["shifted"][5]),
    }


if __name__ == "__main__":
    began = time.perf_counter()
    done = run(sys.argv[3])
    print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
