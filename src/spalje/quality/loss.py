"""What each single prediction costs: arrays of rows in, one number a row out; 0 is perfect."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Shape (n,), one number a row.
Floats: TypeAlias = NDArray[np.float64]
#: Shape (n,), the number of a row's class: 0 to classes - 1.
Codes: TypeAlias = NDArray[np.int64]
#: Shape (n, classes), each row's probabilities of the classes.
Probabilities: TypeAlias = NDArray[np.float64]

#: Probabilities are held this far from 0 and 1, so that one row cannot cost infinitely much;
#: scikit-learn's choice (``log_loss``): the spacing of floats at 1.
CLIP = float(np.finfo(np.float64).eps)


def squared_errors(truth: Floats, prediction: Floats) -> Floats:
    """Squared difference of each row, in the target's unit squared.

    Example:
        >>> squared_errors(np.array([1.0, 2.0]), np.array([1.0, 5.0])).tolist()
        [0.0, 9.0]
    """
    return np.square(prediction - truth)


def poisson_deviances(truth: Floats, prediction: Floats) -> Floats:
    """Poisson deviance of each row: ``2 * (y * ln(y / p) - y + p)``; for counts.

    It judges an expected count by the count that came, and is least for the true expectation
    (McCullagh and Nelder, "Generalized Linear Models", 1989, section 2.3), also where most counts
    are 0, where the absolute error favours a prediction of 0.

    Args:
        truth: counts, 0 or more.
        prediction: expected counts, more than 0.

    Returns:
        0 upwards; infinite where 0 was expected and something came, NaN where truth or prediction
        is negative.

    Example:
        >>> poisson_deviances(np.array([0.0, 2.0, 2.0]), np.array([0.5, 2.0, 1.0])).round(4).tolist()
        [1.0, 0.0, 0.7726]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(truth > 0, truth * np.log(truth / prediction), 0.0)
    deviances: Floats = 2.0 * (logs - truth + prediction)
    deviances[(truth < 0) | (prediction < 0)] = np.nan
    return deviances


def tweedie_deviances(truth: Floats, prediction: Floats, power: float) -> Floats:
    """Tweedie deviance of each row: with power 0 the squared error, 1 Poisson's, 2 gamma's.

    Jorgensen, "The Theory of Dispersion Models" (1997), section 4.1; as scikit-learn's ``mean_tweedie_deviance``.

    Args:
        truth: 0 or more; above 0 from power 2 on; any number with power 0.
        prediction: above 0; any number with power 0.
        power: 0, or 1 and more.

    Returns:
        0 upwards; NaN where truth or prediction is not allowed.

    Example:
        >>> tweedie_deviances(np.array([0.0, 2.0]), np.array([1.0, 1.0]), 1.5).round(4).tolist()
        [4.0, 0.6863]
    """
    if power == 0:
        return squared_errors(truth, prediction)
    if power == 1:
        return poisson_deviances(truth, prediction)
    with np.errstate(divide="ignore", invalid="ignore"):
        if power == 2:
            deviances: Floats = 2.0 * (np.log(prediction / truth) + truth / prediction - 1.0)
        else:
            first = np.power(np.maximum(truth, 0.0), 2.0 - power) / ((1.0 - power) * (2.0 - power))
            second = truth * np.power(prediction, 1.0 - power) / (1.0 - power)
            deviances = 2.0 * (first - second + np.power(prediction, 2.0 - power) / (2.0 - power))
    deviances[(truth < 0) | (prediction <= 0) | ((truth == 0) & (power >= 2))] = np.nan
    return deviances


def binary_log_losses(truth: NDArray[np.bool_], probability: Floats) -> Floats:
    """What each row's probability of the positive class costs: ``-ln(probability of what came)``.

    Args:
        truth: whether the row is of the positive class.
        probability: of the positive class, 0 to 1; held ``CLIP`` away from both.

    Example:
        >>> binary_log_losses(np.array([True, False]), np.array([0.5, 0.1])).round(4).tolist()
        [0.6931, 0.1054]
    """
    clipped = np.clip(probability, CLIP, 1.0 - CLIP)
    losses: Floats = -np.where(truth, np.log(clipped), np.log1p(-clipped))
    return losses


def log_losses(truth: Codes, probabilities: Probabilities) -> Floats:
    """The same for several classes.

    Args:
        truth: each row's class.
        probabilities: of every class, each row's adding up to 1; held ``CLIP`` away from 0 and 1.

    Example:
        >>> log_losses(np.array([2]), np.array([[0.25, 0.25, 0.5]])).round(4).tolist()
        [0.6931]
    """
    of_truth = probabilities[np.arange(len(truth)), truth]
    losses: Floats = -np.log(np.clip(of_truth, CLIP, 1.0 - CLIP))
    return losses


def brier_losses(truth: NDArray[np.bool_], probability: Floats) -> Floats:
    """Squared distance of each probability of the positive class from what came, 0 to 1 (Brier, 1950).

    Example:
        >>> brier_losses(np.array([True]), np.array([0.75])).tolist()
        [0.0625]
    """
    return np.square(probability - truth)
