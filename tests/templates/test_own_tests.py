"""Rendered repositories pass their own tests; a choice of them with every shape, role and problem.

All others are run by ``spalje template check``, which takes longer.

The trees of ``forecasting`` in its first shape are run in ``tests/journeys/test_life.py``, deploy repositories of two
others in ``test_lives.py``, when a version is approved.
"""

import pytest
from variants import python

TREES = [
    ("classification-core-multiclass", "build"),
    ("classification-pipeline-binary", "build"),
    ("bring-your-own-pipeline", "build"),
    ("bring-your-own-core", "deploy"),
]


@pytest.mark.parametrize(("variant", "role"), TREES)
def test_it_passes(rendered, variant, role):
    said = python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=rendered(variant, role))
    assert " passed" in said
