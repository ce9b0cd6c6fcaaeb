"""In which unit attributions are: the prediction's own, or a function of it in which effects add up."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from spalje.attribution.attributions import Floats

#: ``identity``: the prediction's own unit; ``logit``: log-odds of a probability; ``log``: of what is above 0.
Link: TypeAlias = Literal["identity", "logit", "log"]

#: Probabilities are taken to be this far from 0 and 1 at least, and what is above 0 this far above it.
NEAR = 1e-12


def _logit(predictions: Floats) -> Floats:
    inside = np.where((predictions >= 0) & (predictions <= 1), predictions, np.nan)
    clipped = np.clip(inside, NEAR, 1 - NEAR)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _log(predictions: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(np.where(predictions >= 0, predictions, np.nan), NEAR)))


#: By name; NaN for what is outside of a link's range.
LINKS: Mapping[Link, Callable[[Floats], Floats]] = MappingProxyType(
    {"identity": lambda predictions: predictions, "logit": _logit, "log": _log}
)
