"""A bound on a metric, as Model Monitor writes them."""

from collections.abc import Iterable, Mapping
from math import isfinite, nan
from typing import Literal

from pydantic import BaseModel, ConfigDict

#: Metrics that are better the lower they are, 0 at best.
LOWER = ("mae", "mse", "rmse", "false_positive_rate", "false_negative_rate")
#: Metrics that are better the higher they are, 1 at best.
HIGHER = (
    "r2",
    "accuracy",
    "precision",
    "recall",
    "true_positive_rate",
    "true_negative_rate",
    "auc",
    "f0_5",
    "f1",
    "f2",
    "weighted_precision",
    "weighted_recall",
    "weighted_f0_5",
    "weighted_f1",
    "weighted_f2",
)


class MetricConstraint(BaseModel):
    """A bound that a metric must not pass.

    Attributes:
        metric: its name.
        threshold: in the metric's unit.
        operator: the side of the threshold on which it is violated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    metric: str
    threshold: float
    operator: Literal["LessThanThreshold", "GreaterThanThreshold"]

    def describe(self, value: float) -> str:
        """Model Monitor's sentence about a value that violates it.

        Example:
            >>> MetricConstraint(metric="r2", threshold=0.4, operator="LessThanThreshold").describe(0.25)
            'Metric r2 with 0.25 was LessThanThreshold 0.4'
        """
        return f"Metric {self.metric} with {value} was {self.operator} {self.threshold}"

    def violated(self, value: float) -> bool:
        """Whether the value is on the wrong side; the threshold itself is not.

        Example:
            >>> MetricConstraint(metric="rmse", threshold=0.8, operator="GreaterThanThreshold").violated(0.93)
            True
        """
        return value < self.threshold if self.operator == "LessThanThreshold" else value > self.threshold


def suggest(metrics: Mapping[str, float], margin: float) -> tuple[MetricConstraint, ...]:
    """Bounds for the metrics that Model Monitor bounds.

    Model Monitor itself suggests the baseline's own values (a margin of 0): half of all good batches
    then violate them.

    Args:
        metrics: the baseline's; those that are not finite are left out.
        margin: by which share an error may grow, be it the metric itself or what it lacks to 1.

    Example:
        >>> [(c.metric, round(c.threshold, 3)) for c in suggest({"rmse": 2.0, "r2": 0.6}, 0.15)]
        [('rmse', 2.3), ('r2', 0.54)]
    """
    bounds = []
    for metric, value in metrics.items():
        if metric in LOWER and isfinite(value):
            bounds.append(
                MetricConstraint(
                    metric=metric, threshold=value * (1.0 + margin), operator="GreaterThanThreshold"
                )
            )
        elif metric in HIGHER and isfinite(value):
            bounds.append(
                MetricConstraint(
                    metric=metric,
                    threshold=1.0 - (1.0 - value) * (1.0 + margin) if margin else value,
                    operator="LessThanThreshold",
                )
            )
    return tuple(bounds)


def violated(
    metrics: Mapping[str, float], constraints: Iterable[MetricConstraint]
) -> tuple[MetricConstraint, ...]:
    """The bounds that are passed; a metric that is missing or not finite passes none.

    Example:
        >>> bound = MetricConstraint(metric="rmse", threshold=0.8, operator="GreaterThanThreshold")
        >>> violated({"rmse": 0.93}, [bound]) == (bound,), violated({"mae": 0.93}, [bound])
        (True, ())
    """
    return tuple(
        bound
        for bound in constraints
        if isfinite(value := metrics.get(bound.metric, nan)) and bound.violated(value)
    )
