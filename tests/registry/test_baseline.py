"""The four rows of SageMaker's matrix."""

from itertools import product

import pytest

from spalje.errors import Refused
from spalje.registry.baseline import BaselinePlan, resolve

NEW = {"data_quality": "new-dq", "attribution": "new-a"}
OLD = {"data_quality": "old-dq", "attribution": "old-a", "model_quality": "old-mq"}
KEPT = {"data_quality": "old-dq", "attribution": "old-a"}


@pytest.mark.parametrize(
    ("skip", "register", "plan"),
    [
        (False, False, BaselinePlan(True, NEW, KEPT)),
        (False, True, BaselinePlan(True, NEW, NEW)),
        (True, False, BaselinePlan(False, NEW, KEPT)),
        (True, True, BaselinePlan(False, NEW, NEW)),
    ],
)
def test_rows(skip: bool, register: bool, plan: BaselinePlan):
    assert resolve(skip_check=skip, register_new_baseline=register, calculated=NEW, previous=OLD) == plan


@pytest.mark.parametrize(("skip", "register"), list(product((False, True), repeat=2)))
@pytest.mark.parametrize("previous", [None, {}, {"data_quality": "old-dq"}])
def test_only_the_first_run_row_does_without_a_previous_baseline(
    skip: bool, register: bool, previous: dict | None
):
    if skip and register:
        plan = resolve(skip_check=True, register_new_baseline=True, calculated=NEW, previous=previous)
        assert plan == BaselinePlan(False, NEW, NEW)
    else:
        with pytest.raises(Refused, match="'attribution'") as refused:
            resolve(skip_check=skip, register_new_baseline=register, calculated=NEW, previous=previous)
        assert "skip_check=True" in refused.value.do
