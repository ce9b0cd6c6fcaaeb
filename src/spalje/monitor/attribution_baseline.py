"""Why a model predicted what it did when it was built: what the reasons for later batches are held against."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from spalje.attribution.aggregate import aggregate, magnitudes
from spalje.attribution.attributions import Attributions
from spalje.attribution.drift import shares
from spalje.fingerprint import fingerprint


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GlobalAttributions(_Frozen):
    """What moved the predictions for some rows, taken together.

    Attributes:
        rows: that were explained.
        aggregate: how, see ``spalje.attribution.aggregate.METHODS``.
        values: output (``label0``, ``label1``, …) -> feature -> global attribution.
        expected: output -> what is predicted for the background.
        shares: feature -> its part of the mean absolute attribution over all outputs, 0 to 1.
    """

    rows: int = Field(ge=0)
    aggregate: str
    values: Mapping[str, Mapping[str, float]]
    expected: Mapping[str, float]
    shares: Mapping[str, float]

    @classmethod
    def of(cls, attributions: Attributions, method: str = "mean_abs") -> Self:
        """Those of at least one explained row."""
        features = attributions.features
        values = aggregate(attributions, method)
        parts = shares(magnitudes(attributions).mean(axis=0))
        labels = [f"label{i}" for i in range(values.shape[1])]
        return cls(
            rows=len(attributions.values),
            aggregate=method,
            values={
                label: dict(zip(features, column.tolist(), strict=True))
                for label, column in zip(labels, values.T, strict=True)
            },
            expected=dict(zip(labels, attributions.expected.tolist(), strict=True)),
            shares=dict(zip(features, parts.tolist(), strict=True)),
        )


class Noise(_Frozen):
    """What good batches of a size reach in one case of a hundred.

    Attributes:
        rows: explained rows of the batch.
        span: days, or other periods, of the batch.
        tv: total variation of the shares, 0 to 1.
        ndcg: ranking score (nDCG) that they stay above; 1 where it was not worked out.
    """

    rows: int = Field(ge=1)
    span: int = Field(ge=1)
    tv: float = Field(ge=0)
    ndcg: float = 1.0


class AttributionBaseline(_Frozen):
    """Why the model predicted what it did when it was built.

    Attributes:
        format: of this value, as JSON.
        explained: the global attributions.
        noise: for batches of some sizes.
        settings: with which rows, background and coalitions were chosen; checks use the same.
    """

    format: Literal[1] = 1
    explained: GlobalAttributions
    noise: tuple[Noise, ...] = Field(min_length=1)
    settings: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """What tells it from others: the SHA-256 of its global attributions."""
        return fingerprint(self.explained.model_dump())

    def noise_of(self, rows: int, span: int) -> Noise:
        """The noise of the largest known size that a batch reaches: never less than its own.

        Args:
            rows: explained rows of the batch, 1 or more.
            span: periods of the batch, 1 or more.
        """
        known = [noise for noise in self.noise if noise.rows <= rows and noise.span <= span]
        if known:
            return min(known, key=lambda noise: noise.tv)
        return max(self.noise, key=lambda noise: noise.tv)
