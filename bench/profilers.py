"""Who profiles tables: ourselves, the bare read that nobody can beat, and the peers with what they lack."""

from dataclasses import dataclass
from typing import Literal

from bench.contestant import Contestant

ARROW = "pyarrow==26.0.1"
#: The last pandas before 3, which some peers do not know yet.
PANDAS_2 = "pandas==2.3.3"
#: The last but one with ``pkg_resources``, which two peers import.
SETUPTOOLS = "setuptools==80.10.2"

SCAN = Contestant("scan", "scan_profile.py")
OURS = Contestant("spalje", "spalje_profile.py")
MONITOR = Contestant("spalje-monitor", "spalje_monitor.py")
READY = Contestant("spalje-check", "spalje_check.py")
DUCKDB = Contestant("duckdb", "duckdb_profile.py", "duckdb==2.0.0")
POLARS = Contestant("polars", "polars_profile.py", "polars==2.1.0")
PANDAS = Contestant("pandas", "pandas_profile.py", "pandas==3.1.1", (ARROW,))
WHYLOGS = Contestant("whylogs", "whylogs_profile.py", "whylogs==1.6.4", (PANDAS_2, ARROW))
TFDV = Contestant(
    "tfdv",
    "tfdv_profile.py",
    "tensorflow-data-validation==1.16.1",
    ("numpy==1.26.4", "pyarrow==10.0.1", "dill==0.3.1.1", SETUPTOOLS),
)
YDATA = Contestant("ydata", "ydata_profile.py", "ydata-profiling==4.18.4", (PANDAS_2, ARROW, SETUPTOOLS))
EVIDENTLY = Contestant("evidently", "evidently_profile.py", "evidently==0.7.23", (PANDAS_2, ARROW))
PEERS = (DUCKDB, POLARS, PANDAS, WHYLOGS, TFDV, YDATA, EVIDENTLY)

#: The tables: the long and the short one, the long one many times over; none.
Size = Literal["long", "short", "most", "none"]


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is timed.

    Attributes:
        name: what it is called in the results.
        contestant: who does it.
        size: on which table.
        words: what its program is told; ``base`` and ``current`` stand for the tables' files.
        rounds: in how many of the rounds, the first ones.
        ours: the task of ours that does the same, if it is a peer's.
        lacks: what a profile of ours has and its result has not, or how else it differs.
    """

    name: str
    contestant: Contestant
    size: Size
    words: tuple[str, ...] = ("base",)
    rounds: int = 3
    ours: str | None = None
    lacks: str = ""


#: Columns, batches of history and checks of ``check_100_columns_ms``.
CHECKED = ("100", "100", "20")
TASKS = (
    Task("scan", SCAN, "long", ("plain", "base"), rounds=5),
    Task("scan_dictionary", SCAN, "long", ("dictionary", "base"), rounds=5),
    Task("profile", OURS, "long", ("profile", "base"), rounds=5),
    Task("grid", OURS, "long", ("grid", "base"), rounds=5),
    Task("duckdb", DUCKDB, "long", ours="profile", lacks="three quantiles; no top values; cannot be merged"),
    Task(
        "polars",
        POLARS,
        "long",
        ("full", "base"),
        ours="profile",
        lacks="five quantiles, exact; no NaN or infinity counts; cannot be merged",
    ),
    Task(
        "polars_basic",
        POLARS,
        "long",
        ("moments", "base"),
        ours="profile",
        lacks="no quantiles, no top values; cannot be merged",
    ),
    Task(
        "pandas",
        PANDAS,
        "long",
        ours="profile",
        lacks="three quantiles, exact; distinct and the one top value of strings only; cannot be merged",
    ),
    Task("scan_short", SCAN, "short", ("plain", "base"), rounds=5),
    Task("profile_short", OURS, "short", ("profile", "base"), rounds=5),
    Task("check", MONITOR, "short", ("current",), rounds=5),
    Task("whylogs", WHYLOGS, "short", rounds=2, ours="profile_short"),
    Task("tfdv", TFDV, "short", rounds=2, ours="profile_short", lacks="cannot be merged once made"),
    Task("ydata", YDATA, "short", rounds=2, ours="profile_short", lacks="cannot be merged"),
    Task(
        "evidently_summary",
        EVIDENTLY,
        "short",
        ("summary", "base"),
        rounds=2,
        ours="profile_short",
        lacks="three quantiles; cannot be merged",
    ),
    Task(
        "evidently_drift",
        EVIDENTLY,
        "short",
        ("drift", "current", "base"),
        rounds=2,
        ours="check",
        lacks="reads the reference's rows too; drift only: no schema, nulls, ranges, keys",
    ),
    Task("profile_most", OURS, "most", ("profile", "base"), rounds=1),
    Task("ready_check", READY, "none", CHECKED, rounds=1),
)
