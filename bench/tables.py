"""Where the tables to be profiled are: written once, into the benchmarks' cache."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench import contestant
from bench.contestant import HERE, Unavailable

#: Bytes a row takes as zstd Parquet: 87.2 million for a million of them.
ROW_BYTES = 90
#: Bytes that are left free on the disk.
SPARE = 1_000_000_000


def written(which: str, rows: int) -> Path:
    """The file of a table of so many rows, which is written if need be.

    It is written by another process, so that this one stays small.

    Args:
        which: ``base`` or ``current``.
        rows: of the table.

    Raises:
        Unavailable: the disk is too full, or writing failed.
    """
    # the version's name is in a module that this process must not load
    version = (HERE / "generator.py").read_text().split("\nVERSION = ", 1)[1].split("\n", 1)[0]
    file = contestant.CACHE / "tables" / f"{which}-{rows}-v{version}.parquet"
    if file.is_file():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(file.parent).free
    if free < rows * ROW_BYTES + SPARE:
        raise Unavailable(
            f"{which} of {rows:,} rows needs {rows * ROW_BYTES / 1e9:.1f} GB and {SPARE / 1e9:.0f} GB to spare; "
            f"{file.parent} has {free / 1e9:.1f} GB free"
        )
    print(f"writing {file}", file=sys.stderr)
    command = [sys.executable, "-m", "bench.generator", which, str(rows), str(file)]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise Unavailable(f"{which} of {rows:,} rows cannot be written: {lines[-1][:200]}")
    return file


def repeated(file: Path, times: int) -> Path:
    """A table of the same rows so many times over: a folder of hard links, which take no room.

    To a reader they are files like any others, each read and decoded anew; only the disk is spared.

    Raises:
        Unavailable: its file system knows no links.
    """
    folder = file.with_name(f"{file.stem}-x{times}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number in range(times):
        try:
            os.link(file, folder / f"part-{number:02}.parquet")
        except OSError as error:
            raise Unavailable(f"{file} cannot be linked into {folder}: {error.strerror}") from error
    return folder
