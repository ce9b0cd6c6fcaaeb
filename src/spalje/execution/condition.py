"""Whether a step's condition holds."""

import operator
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from spalje.errors import NotFound
from spalje.pipeline.definition import Condition
from spalje.steps.evaluate import read_metrics

OPERATORS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)


def holds(condition: Condition, report: Path) -> bool:
    """Whether a metric of the report compares as the condition says.

    Raises:
        NotFound: the report has no such metric.
    """
    metrics = read_metrics(report)
    if condition.metric not in metrics:
        raise NotFound("metric", condition.metric, metrics)
    return OPERATORS[condition.operator](metrics[condition.metric], condition.value)
