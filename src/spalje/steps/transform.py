"""The transform step: a model predicts for every row of a table, whatever its size."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spalje.errors import BadInput
from spalje.pipeline.problem import Problem
from spalje.steps.context import StepContext, StepResult
from spalje.steps.user_model import open_user_model
from spalje.storage import table


def execute(context: StepContext) -> StepResult:
    """Predict, and write one file: business keys, the truth where the data has it, predictions.

    The columns are the keys, the inference id, the grouping column, the target if the data has it, and
    what the model predicts; the rows are those of the data, in their order. Memory stays bounded.

    Raises:
        BadInput: the data lacks a feature or a key, or a prediction breaks the script contract.
        StepFailed: the model could not be loaded, its script failed or its process died.
    """
    data = context.inputs["data"]
    kept = kept_columns(context.problem, table.schema(data).names)
    with open_user_model(context.inputs["model"], context.scripts, context.log) as model:
        columns = list(dict.fromkeys([*kept, *model.signature.features]))
        batches = (pa.Table.from_batches([batch]) for batch in table.read_batches(data, columns))
        blocks = model.predict_blocks(batches, f"the data of step '{context.spec.name}'")
        pieces = (joined(block.select(kept), predictions) for block, predictions in blocks)
        rows = _write(pieces, context.output("predictions"))
        if rows == 0:
            empty = table.read(data, columns)
            table.write(joined(empty.select(kept), model.predict(empty)), context.output("predictions"))
    context.say(f"{rows:,} rows predicted")
    return StepResult(metrics={"rows": float(rows)})


def joined(kept: pa.Table, predictions: pa.Table) -> pa.Table:
    """What is kept of the data beside the predictions for it.

    Raises:
        BadInput: the script calls a prediction what a column of the data is called.
    """
    for name in predictions.column_names:
        if name in kept.column_names:
            raise BadInput(
                f"predict_fn calls a column of its predictions '{name}', which is a key or the target; "
                f"those are: {', '.join(kept.column_names)}.",
                do="Give it another name: prediction under [problem] in spalje.toml, or in predict_fn.",
            )
        kept = kept.append_column(name, predictions[name])
    return kept.replace_schema_metadata(None)


def kept_columns(problem: Problem, there: Sequence[str]) -> list[str]:
    """The columns of the data that go with predictions; the target if it is there."""
    also = [name for name in (problem.inference_id, problem.group) if name is not None]
    target = [problem.target] if problem.target in there else []
    return list(dict.fromkeys([*problem.keys, *also, *target]))


def _write(pieces: Iterable[pa.Table], folder: Path) -> int:
    """Write pieces of a table as one file as they come; returns the number of rows."""
    rows = 0
    writer: pq.ParquetWriter | None = None
    try:
        for piece in pieces:
            if writer is None:
                writer = pq.ParquetWriter(
                    folder / "part-0.parquet", piece.schema, compression="zstd", write_page_checksum=True
                )
            writer.write_table(piece)
            rows += piece.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows
