"""What is predicted: how much a household spends in a week, dollars."""

import numpy as np
from purchases import Purchases


def of_week(purchases: Purchases, start: int) -> np.ndarray:
    """The truth of the week that begins with day ``start``, one value per household."""
    return purchases.spend[:, start : start + 7].sum(1)
