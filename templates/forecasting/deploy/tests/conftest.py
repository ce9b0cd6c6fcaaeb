"""The small world of sales, for the programs that read a delivery."""

import pytest
from small_world import write_world


@pytest.fixture
def world(tmp_path):
    """The small world, and a way to make a changed one."""
    return lambda change=lambda sold: sold, name="journey": write_world(tmp_path / name, change)
