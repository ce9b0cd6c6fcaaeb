"""The reference of the overhead benchmark: the same work by hand, with Python's own library alone.

Each step reads 1 kB as JSON, writes it again, takes its SHA-256 and records the step and its lineage in
SQLite, one transaction each. No leases, no logs, no settings: the least that has to be done.
"""

import hashlib
import json
import sqlite3
import sys
import time
from pathlib import Path


def prepare(folder: Path) -> None:
    with sqlite3.connect(folder / "lineage.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE step (run TEXT, number INTEGER, read TEXT, wrote TEXT, at REAL)")


def run(folder: Path, steps: int) -> None:
    database = sqlite3.connect(folder / "lineage.db")
    number = time.time_ns()
    read, data = "", "x" * 1024
    for step in range(steps):
        if read:
            data = json.loads((folder / read).read_text())
        text = json.dumps(data).encode()
        wrote = hashlib.sha256(text + str(step).encode()).hexdigest()
        (folder / wrote).write_bytes(text)
        with database:
            row = (str(number), step, read, wrote, time.time())
            database.execute("INSERT INTO step VALUES (?, ?, ?, ?, ?)", row)
        read = wrote


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]))
    else:
        run(Path(sys.argv[2]), int(sys.argv[3]))
