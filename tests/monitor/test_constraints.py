"""Constraints edited by the settings of a step."""

import pytest

from spalje.errors import BadInput, NotFound
from spalje.monitor.constraints import ColumnConstraints, Constraints


def test_a_setting_that_is_not_allowed_says_what_is():
    constraints = Constraints(columns={"units": ColumnConstraints(inferred_type="Integral")})
    for settings, says in (
        ({"thresold": 1}, "no setting of the data quality monitor 'thresold'"),
        ({"columns": {"unit": {}}}, "Did you mean 'units'"),
        ({"columns": {"units": {"far_shar": 1}}}, "Did you mean 'far_share'"),
        ({"columns": {"units": {"far_share": 3}}}, "far_share is 3"),
        ({"rows": 0}, "rows.expected is 0"),
        ({"comparison_method": "KS"}, "comparison_method is 'KS'"),
        ({"columns": {"units": {"comparison_threshold": -1}}}, "comparison_threshold"),
        ({"columns": 3}, "columns is 3"),
        ({"columns": {"units": 3}}, r"columns\.units is 3"),
    ):
        with pytest.raises((BadInput, NotFound), match=says):
            constraints.edited(settings)
