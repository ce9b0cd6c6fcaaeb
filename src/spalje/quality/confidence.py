"""What probabilities say of their own quality, once it is known what they have really meant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spalje.quality.isotonic import Isotonic
from spalje.quality.loss import CLIP, Floats
from spalje.quality.ranking import Ranking


@dataclass(frozen=True, slots=True, eq=False)
class Confidence:
    """Probabilities of classes, corrected by what came of such probabilities before.

    The idea is that of confidence-based performance estimation (NannyML's documentation, "Confidence-based Performance
    Estimation"): if of rows with a corrected probability of 0.8 four in five are a yes, then every figure has an
    expected value without the truth. It holds as long as probabilities go on to mean what they meant.

    Attributes:
        curves: one for each class; of a yes and no only that of the yes.
    """

    curves: tuple[Isotonic, ...]

    @classmethod
    def fit(cls, truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> Self:
        """Learn what probabilities mean.

        Args:
            truth: shape (rows,), the number of each row's class.
            probabilities: shape (rows,): of the yes; or (rows, classes).

        Example:
            >>> rng = np.random.default_rng(7)
            >>> chance = rng.uniform(size=4000)
            >>> truth = (rng.uniform(size=4000) < chance).astype(np.int64)
            >>> bool(abs(Confidence.fit(truth, chance ** 2).corrected(np.array([0.49]))[0] - 0.7) < 0.06)
            True
        """
        if probabilities.ndim == 1:
            return cls((Isotonic.fit(probabilities, truth.astype(np.float64)),))
        return cls(
            tuple(
                Isotonic.fit(probabilities[:, place], (truth == place).astype(np.float64))
                for place in range(probabilities.shape[1])
            )
        )

    def corrected(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """The chance of each class, of the shape of ``probabilities``; of several classes they add up to 1."""
        if probabilities.ndim == 1:
            return self.curves[0](probabilities)
        each = np.stack([curve(probabilities[:, place]) for place, curve in enumerate(self.curves)], axis=-1)
        sums = each.sum(axis=1, keepdims=True)
        found: NDArray[np.float64] = np.where(sums > 0, each / np.where(sums > 0, sums, 1.0), probabilities)
        return found

    def expected(self, probabilities: NDArray[np.float64], score: str) -> NDArray[np.float64]:
        """The expected score of each row, and the expected signed error, shape (rows, 2); see ``monitor.measurement``.

        Args:
            probabilities: as in ``fit``.
            score: ``log_loss``, ``brier`` or ``error_rate``.
        """
        chance = self.corrected(probabilities)
        if probabilities.ndim == 1:
            clipped = np.clip(probabilities, CLIP, 1.0 - CLIP)
            if score == "brier":
                loss = chance * (1 - probabilities) ** 2 + (1 - chance) * probabilities**2
            else:
                loss = -(chance * np.log(clipped) + (1 - chance) * np.log1p(-clipped))
            return np.stack([loss, probabilities - chance], axis=-1)
        if score == "error_rate":
            chosen = np.argmax(probabilities, axis=1)
            loss = 1.0 - chance[np.arange(len(chance)), chosen]
        else:
            loss = -(chance * np.log(np.clip(probabilities, CLIP, 1.0 - CLIP))).sum(axis=1)
        return np.stack([loss, np.zeros(len(loss))], axis=-1)

    def metrics(self, probabilities: NDArray[np.float64], threshold: float = 0.5) -> dict[str, float]:
        """Expected figures by name: accuracy, and of yes and no also precision, recall, F1 and AUC.

        Example:
            >>> sure = Confidence((Isotonic(np.array([0.0, 1.0]), np.array([0.0, 1.0])),))
            >>> {name: round(value, 3) for name, value in sure.metrics(np.array([0.9, 0.2])).items()}
            {'accuracy': 0.85, 'precision': 0.9, 'recall': 0.818, 'f1': 0.857, 'auc': 0.854}
        """
        chance = self.corrected(probabilities)
        if probabilities.ndim == 2:
            chosen = np.argmax(probabilities, axis=1)
            return {"accuracy": float(chance[np.arange(len(chance)), chosen].mean())}
        yes = probabilities >= threshold
        hit, wrong = float(chance[yes].sum()), float((1 - chance)[yes].sum())
        missed, right = float(chance[~yes].sum()), float((1 - chance)[~yes].sum())
        precision = hit / (hit + wrong) if yes.any() else 0.0
        recall = hit / (hit + missed) if hit + missed > 0 else 0.0
        return {
            "accuracy": (hit + right) / len(chance),
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0,
            "auc": _auc(probabilities, chance),
        }

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"curves": [curve.to_dict() for curve in self.curves]}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """What ``to_dict`` wrote."""
        return cls(tuple(Isotonic.from_dict(curve) for curve in document["curves"]))


def _auc(probabilities: Floats, chance: Floats) -> float:
    """Every row taken as partly a yes and partly a no."""
    truth = np.concatenate([np.ones(len(chance), bool), np.zeros(len(chance), bool)])
    score = np.concatenate([probabilities, probabilities])
    weights = np.concatenate([chance, 1 - chance])
    return Ranking.of(truth, score, weights).auc
