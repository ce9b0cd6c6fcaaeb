"""What a model's losses are expected to be, going by features and predictions: learned with a baseline, asked later."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spalje.errors import Corrupt
from spalje.monitor.estimated_quality import Expected
from spalje.monitor.measurement import Judged, ScoreName, losses, point_of
from spalje.pipeline.problem import Problem
from spalje.quality.confidence import Confidence
from spalje.quality.loss_model import LossModel
from spalje.quality.period import Days
from spalje.quality.residuals import Residuals
from spalje.quality.shift import Rows, Shift, decompose
from spalje.steps.feature_matrix import Encoding, Matrix, with_predictions
from spalje.storage import table

#: What a baseline keeps of it.
EXPECTATION, ROWS = "expectation.json", "expectation_rows"
#: Rows of the baseline that are kept, to hold batches against.
KEPT = 20_000
#: Of a regression, the losses that are learned: the score watched, and others for people.
SCORE, ERROR, ABSOLUTE, SQUARED = "score", "error", "absolute", "squared"


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """What losses are expected to be.

    Attributes:
        score: the proper score that is watched.
        encoding: how features become numbers.
        model: of a regression: losses as functions of features and prediction.
        confidence: of a classification: what probabilities have really meant.
        residuals: realised less expected losses; the first is that of the score.
        threshold: from which probability on yes is predicted.
        rows: some of the baseline's rows.
        quantiles: which are predicted; empty: a single number or probabilities are.
    """

    score: ScoreName
    encoding: Encoding
    model: LossModel | None
    confidence: Confidence | None
    residuals: Residuals
    threshold: float
    rows: Rows
    quantiles: tuple[float, ...] = ()

    @classmethod
    def learn(
        cls, features: pa.Table, problem: Problem, judged: Judged, score: ScoreName, rng: np.random.Generator
    ) -> Self:
        """Learn from rows whose truth is known.

        Args:
            features: of the very rows that are judged, in their order.
            problem: which columns are features.
            judged: predictions and truth.
            score: the proper score that is watched.
            rng: where samples come from.
        """
        encoding = Encoding.of(features, problem)
        x = _matrix(encoding, features, judged.prediction)
        model: LossModel | None = None
        confidence: Confidence | None = None
        loss = losses(judged, score)
        if judged.type == "regression":
            error = judged.point - judged.truth
            wanted = {SCORE: loss, ERROR: error, ABSOLUTE: np.abs(error), SQUARED: error**2}
            model, seen = LossModel.fit(x, wanted, rng, days=judged.days, clusters=judged.clusters)
            residuals = model.residuals
        else:
            confidence = Confidence.fit(judged.truth.astype(np.int64), judged.prediction)
            seen = confidence.expected(judged.prediction, score)
            realised = np.stack([loss, _signed(judged)], axis=-1)
            residuals = Residuals.of(realised - seen, judged.days, judged.clusters)
        kept = (
            np.arange(len(loss)) if len(loss) <= KEPT else np.sort(rng.choice(len(loss), KEPT, replace=False))
        )
        clusters = None if judged.clusters is None else judged.clusters[kept]
        rows = Rows(x[kept], loss[kept], seen[kept, 0], clusters)
        return cls(score, encoding, model, confidence, residuals, judged.threshold, rows, judged.quantiles)

    def of(self, features: pa.Table, prediction: NDArray[np.float64], days: Days) -> Expected:
        """How good predictions are expected to be.

        Args:
            features: of the rows, in their order.
            prediction: shape (rows,), or (rows, columns of predictions).
            days: the different days that they are about, rising; empty without a time column.
        """
        each = self._each(_matrix(self.encoding, features, prediction), prediction)
        mean = each.mean(axis=0)
        off = float(self.residuals.spread(days, len(each))[0])
        ends = np.array([mean[0] - 1.96 * off, mean[0], mean[0] + 1.96 * off])
        if self.score == "rmse":
            ends = np.sqrt(np.maximum(ends, 0.0))
        metrics: dict[str, float] = {}
        bias: float | None = None
        if self.confidence is not None:
            metrics = self.confidence.metrics(prediction, self.threshold)
            if prediction.ndim == 1:
                chance = float(self.confidence.corrected(prediction).sum())
                bias = float(each[:, 1].sum()) / chance if chance > 0 else None
        else:
            metrics = {
                "mae": float(mean[2]),
                "mse": float(mean[3]),
                "rmse": float(np.sqrt(max(mean[3], 0.0))),
            }
            point = point_of(prediction, self.quantiles)
            size = float(np.abs(point - each[:, 1]).sum())
            bias = float(each[:, 1].sum()) / size if size > 0 else None
        return Expected(float(ends[1]), float(ends[0]), float(ends[2]), bias, metrics)

    def shift(
        self, features: pa.Table, judged: Judged, days: Days, rng: np.random.Generator, *, margin: float
    ) -> Shift:
        """Whether a batch's inputs moved, or the relation of inputs and truth.

        Args:
            features: of the judged rows, in their order.
            judged: the batch's rows whose truth is known.
            days: the different days, rising.
            rng: where samples come from.
            margin: share of the baseline's loss that a part must be to be called moved.
        """
        x = _matrix(self.encoding, features, judged.prediction)
        expected = self._each(x, judged.prediction)[:, 0]
        batch = Rows(x, losses(judged, self.score), expected, judged.clusters)
        return decompose(
            self.rows, batch, float(self.residuals.spread(days, len(judged))[0]), rng, margin=margin
        )

    def _each(self, x: Matrix, prediction: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.model is not None:
            return self.model.expected(x)
        assert self.confidence is not None  # noqa: S101  one of the two
        return self.confidence.expected(prediction, self.score)

    def write(self, folder: Path) -> None:
        """Write it beside a baseline."""
        document = {
            "format": 1,
            "score": self.score,
            "encoding": self.encoding.model_dump(mode="json"),
            "model": self.model.to_dict() if self.model else None,
            "confidence": self.confidence.to_dict() if self.confidence else None,
            "residuals": None if self.model else self.residuals.to_dict(),
            "threshold": self.threshold,
            "quantiles": list(self.quantiles),
            "clustered": self.rows.clusters is not None,
        }
        (folder / EXPECTATION).write_text(json.dumps(document, allow_nan=False) + "\n", encoding="utf-8")
        columns = {f"x{place}": self.rows.x[:, place] for place in range(self.rows.x.shape[1])}
        clusters = np.arange(len(self.rows.loss)) if self.rows.clusters is None else self.rows.clusters
        rows = {**columns, "loss": self.rows.loss, "expected": self.rows.expected, "cluster": clusters}
        table.write(pa.table(rows), folder / ROWS)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What a baseline keeps; None when it was made without features.

        Raises:
            Corrupt: the files are none.
        """
        path = folder / EXPECTATION
        if not path.is_file():
            return None
        try:
            document: Mapping[str, Any] = json.loads(path.read_bytes())
            stored = table.read(folder / ROWS)
            x = np.column_stack(
                [stored[name].to_numpy() for name in stored.column_names if name.startswith("x")]
            )
            model = LossModel.from_dict(document["model"]) if document["model"] else None
            return cls(
                score=document["score"],
                encoding=Encoding.model_validate(document["encoding"]),
                model=model,
                confidence=Confidence.from_dict(document["confidence"]) if document["confidence"] else None,
                residuals=model.residuals if model else Residuals.from_dict(document["residuals"]),
                threshold=float(document["threshold"]),
                rows=Rows(
                    x,
                    stored["loss"].to_numpy(),
                    stored["expected"].to_numpy(),
                    stored["cluster"].to_numpy() if document["clustered"] else None,
                ),
                quantiles=tuple(document["quantiles"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Corrupt(
                f"{path} is no expectation of losses: {error}.", do="Make the baseline again."
            ) from error


def _matrix(encoding: Encoding, features: pa.Table, prediction: NDArray[np.float64]) -> Matrix:
    columns = [prediction] if prediction.ndim == 1 else list(prediction.T)
    return with_predictions(encoding.matrix(features), columns)


def _signed(judged: Judged) -> NDArray[np.float64]:
    if judged.prediction.ndim == 1:
        return judged.prediction - judged.truth
    return np.zeros(len(judged))
