"""Tables that are damaged, absurd or hostile get a clear answer: never a traceback, a hang or a silent pass.

Everything is read in a process of its own, so that a reader that crashed would be told from one that refuses.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damaged import I32, File, parquet, table

READ = """
import json, sys
from pathlib import Path
from spalje.errors import SpaljeError
from spalje.analysis.baseline import write_baseline
from spalje.analysis.data_quality import check
from spalje.analysis.roles import Roles
from spalje.storage.scan import profile_table

folder = Path(sys.argv[1])
baseline = write_baseline(folder / "good.parquet", folder / "baseline", Roles()) if sys.argv[2] == "check" else None
for path in sorted((folder / "cases").iterdir()):
    print(json.dumps({"begin": path.name}), flush=True)
    try:
        if baseline is None:
            found = {"rows": profile_table(path).rows}
        else:
            verdict = check(path, baseline).verdict
            json.dumps(verdict.model_dump(mode="json"), allow_nan=False)
            found = {"outcome": verdict.outcome, "summary": verdict.summary}
    except SpaljeError as error:
        found = {"error": str(error), "do": error.do, "code": error.exit_code}
    print(json.dumps({"name": path.name, **found}), flush=True)
"""


def answers(folder: Path, how: str) -> dict[str, dict]:
    """What is said of each file of ``folder/cases``, by a process that must live to its end."""
    ended = subprocess.run(
        [sys.executable, "-c", READ, str(folder), how],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 0, (lines[-1:], ended.stderr[-2000:])
    return {line["name"]: line for line in lines if "name" in line}


def column(file: File, place: int, page: int = -1):
    return file.chunks[place][page]


def change(mend) -> bytes:
    # without compression nobody needs to know how large a page is when unpacked
    file = File.of(parquet(table(), compression="snappy" if mend is UNPACKED else "none"))
    mend(file)
    return file.bytes()


def header(place, field, value):
    def mend(file):
        column(file, place).header[field] = (I32, value)

    return mend


def about(place, field, value, page=-1):
    def mend(file):
        column(file, place, page).about[field] = (I32, value)

    return mend


def chunk(place, field, kind, value):
    def mend(file):
        file.column(place)[field] = (kind, value)

    return mend


def wild_indices(file):
    page = column(file, 2)
    # behind the levels: the bits of an index, then runs; all of them far beyond the dictionary
    page.data = page.data[: len(page.data) // 2] + b"\xff" * (len(page.data) - len(page.data) // 2)


def wild_levels(file):
    page = column(file, 0)
    page.data = b"\xff\xff\xff\x7f" + page.data[4:]


def lost_page(file):
    file.chunks[0] = file.chunks[0][:-1]


UNPACKED = header(0, 2, 2**31 - 1)
#: The kinds of damage of ``bad_data``: each is refused, and the answer names the file.
DAMAGE = {
    "page-size-huge": UNPACKED,
    "page-size-negative": header(0, 3, -5),
    "values-of-a-page-too-many": about(0, 1, 2**30),
    "values-of-a-page-negative": about(0, 1, -1),
    "index-out-of-range": wild_indices,
    "levels-of-absurd-length": wild_levels,
    "a-page-is-missing": lost_page,
    "unknown-codec": chunk(0, 4, I32, 99),
    "unknown-encoding": about(0, 2, 77),
    "dictionary-of-absurd-size": about(2, 1, 2**31 - 1, 0),
}


@pytest.mark.timeout(120)
def test_damaged_files_are_refused_and_named(tmp_path):
    cases = tmp_path / "cases"
    cases.mkdir()
    for name, mend in DAMAGE.items():
        (cases / f"{name}.parquet").write_bytes(change(mend))
    whole = parquet(table())
    for sixteenth in range(1, 16):
        (cases / f"cut-{sixteenth:02}.parquet").write_bytes(whole[: len(whole) * sixteenth // 16])
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    (cases / "footer-of-nonsense.parquet").write_bytes(
        whole[:footer] + b"\xee" * (len(whole) - 8 - footer) + whole[-8:]
    )
    (cases / "footer-length-lies.parquet").write_bytes(whole[:-8] + b"\xff\xff\xff\x7fPAR1")
    (cases / "only-magic.parquet").write_bytes(b"PAR1PAR1")
    (cases / "nothing.parquet").write_bytes(b"")
    said = answers(tmp_path, "profile")
    assert len(said) == len(DAMAGE) + 15 + 4
    for name, answer in said.items():
        assert answer.get("code") == 3, (name, answer)
        assert name in answer["error"], answer
        assert answer["do"], answer


@pytest.mark.timeout(120)
def test_a_flipped_bit_in_a_page_with_a_checksum_is_noticed(tmp_path):
    cases = tmp_path / "cases"
    cases.mkdir()
    whole = parquet(table(), write_page_checksum=True)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    rng = np.random.default_rng(0)
    for place in sorted(rng.choice(np.arange(100, footer - 100), 40, replace=False).tolist()):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        (cases / f"bit-{place}.parquet").write_bytes(bytes(flipped))
    said = answers(tmp_path, "profile")
    refused = [name for name, answer in said.items() if answer.get("code") == 3]
    # a bit of a page's header that says nothing (an estimate of its smallest value) may change nothing
    assert len(refused) >= 36, sorted(set(said) - set(refused))


def odd() -> dict[str, pa.Table]:
    """Whole tables that are absurd, with the columns of the good one."""
    rows = 300
    good = table(rows)

    def price(values, kind=None):
        return good.set_column(0, "price", pa.array(values, kind))

    return {
        "no-rows": good.slice(0, 0),
        "one-row": good.slice(0, 1),
        "all-null": price([None] * rows, pa.float64()),
        "constant": price([1.5] * rows),
        "huge": price([1e308, -1e308] * (rows // 2)),
        "int64-extremes": good.set_column(1, "units", pa.array([2**63 - 1, -(2**63)] * (rows // 2))),
        "uint64": good.set_column(1, "units", pa.array([2**64 - 1, 0] * (rows // 2), pa.uint64())),
        "nan": price([float("nan")] * rows),
        "infinite": price([float("inf"), float("-inf")] * (rows // 2)),
        "nested": price([[1.0]] * rows),
        "bytes": price([b"\xff\xfe"] * rows),
        "text": price(["x"] * rows),
        "one-column": good.select(["units"]),
        "hostile-names": pa.table(
            {
                name: [1.0] * rows
                for name in (
                    "",
                    "a\nb",
                    'q"',
                    "\u202eevil",
                    "😀",
                    "é",
                    "e\u0301",
                    "A",
                    "a",
                    "__proto__",
                    "x" * 10_000,
                    "<script>",
                )
            }
        ),
    }


@pytest.mark.timeout(120)
def test_absurd_tables_get_a_verdict(tmp_path):
    cases = tmp_path / "cases"
    cases.mkdir()
    pq.write_table(table(3000), tmp_path / "good.parquet")
    tables = odd()
    for name, made in tables.items():
        pq.write_table(made, cases / f"{name}.parquet")
    said = {name.removesuffix(".parquet"): answer for name, answer in answers(tmp_path, "check").items()}
    assert said.keys() == tables.keys()
    blocked = {name for name, answer in said.items() if answer.get("outcome") == "alarm"}
    assert {
        "no-rows",
        "all-null",
        "huge",
        "int64-extremes",
        "uint64",
        "nan",
        "infinite",
        "nested",
        "text",
    } <= blocked
    assert {"one-column", "hostile-names", "bytes"} <= blocked
    assert said["one-row"]["outcome"] == "insufficient"
    assert said["constant"]["outcome"] in ("warning", "alarm")
    assert all(answer["summary"] for answer in said.values())


def test_a_table_of_two_columns_of_one_name_is_refused(tmp_path):
    cases = tmp_path / "cases"
    cases.mkdir()
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(twice, cases / "twice.parquet")
    assert "more than one column named 'a'" in answers(tmp_path, "profile")["twice.parquet"]["error"]
