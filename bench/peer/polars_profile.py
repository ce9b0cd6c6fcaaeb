"""Polars' side of the profile benchmark: one streaming aggregation, straight from the file.

``full`` counts what Spaljé's profile holds as far as Polars has it: rows, nulls, smallest, largest, mean,
deviation, distinct values, five quantiles, and the ten most frequent strings of each column of strings.
``moments`` leaves out the quantiles and the frequent strings, which are the costly part.
"""

import json
import sys
import time

import polars as pl

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def run(path: str, kind: str) -> dict:
    frame = pl.scan_parquet(path)
    schema = frame.collect_schema()
    wanted = [pl.len().alias("rows")]
    for name, dtype in schema.items():
        column = pl.col(name)
        wanted += [
            column.null_count().alias(f"{name} nulls"),
            column.min().alias(f"{name} min"),
            column.max().alias(f"{name} max"),
            column.approx_n_unique().alias(f"{name} distinct"),
        ]
        if dtype.is_numeric():
            wanted += [column.mean().alias(f"{name} mean"), column.std().alias(f"{name} std")]
            if kind == "full":
                wanted += [column.quantile(q).alias(f"{name} q{q}") for q in QUANTILES]
        elif kind == "full":
            wanted.append(column.value_counts(sort=True).head(10).implode().alias(f"{name} top"))
    found = frame.select(wanted).collect(engine="streaming")
    return {"rows": found["rows"][0], "columns": len(schema), "mean": found["shifted mean"][0]}


if __name__ == "__main__":
    began = time.perf_counter()
    done = run(sys.argv[4], sys.argv[3])
    print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
