"""Fisher's transformation of correlations, under which chance moves them all alike."""

import numpy as np

from spalje.drift.cells import Floats

#: Correlations nearer to 1 than this are taken for this: of columns that are copies of each other.
CLOSEST = 1e-6


def transformed(correlations: Floats) -> Floats:
    """``artanh r``, whose standard deviation is about ``1 / sqrt(n - 3)`` whatever r is (Fisher 1915).

    Example:
        >>> transformed(np.array([0.0, 0.5, 1.0])).round(3).tolist()
        [0.0, 0.549, 7.254]
    """
    found: Floats = np.arctanh(np.clip(correlations, -1.0 + CLOSEST, 1.0 - CLOSEST))
    return found
