"""``spalje profile``: what a table looks like, in numbers."""

from pathlib import Path
from typing import Literal

from cyclopts import App

from spalje.analysis.profile import write_profile
from spalje.cli.output import Json, console, print_json
from spalje.cli.progress import reading
from spalje.profile.document import to_dict
from spalje.report.profile import terminal
from spalje.storage.scan import profile_table

app = App(name="profile", help="What a table looks like, in numbers; needs no project.")


@app.default
def profile(
    table: str,
    *,
    out: Path | None = None,
    format: Literal["spalje", "sagemaker"] = "spalje",  # noqa: A002  the option's name
    column: tuple[str, ...] = (),
    categorical: tuple[str, ...] = (),
    output: Json = Json(),
) -> None:
    """Profile a table: counts, nulls, quantiles, distinct and top values of every column, in one pass.

    Args:
        table: a file, a folder or a pattern in quotes ("2017-*.parquet"): Parquet, CSV or Arrow.
        out: a folder to write the profile to. Default: only show it.
        format: what to write: profile.json, or Model Monitor's statistics.json and constraints.json.
        column: profile only this column; may be given several times.
        categorical: take this column's numbers as categories (store numbers); may be given several times.
    """
    with reading(table) as progress:
        found = profile_table(table, column or None, categorical, progress=progress)
    written = write_profile(found, out, format) if out is not None else ()
    if output.json:
        print_json(to_dict(found))
        return
    console().print(terminal(found, table))
    for file in written:
        console().print(f"written: {file}", style="dim", soft_wrap=True)
