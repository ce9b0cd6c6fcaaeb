from datetime import UTC, date, datetime

import pytest

from spalje.errors import BadInput, NotFound, UsageError
from spalje.pipeline.parameter import Parameter, resolve

RIGHT = [
    ("string", "a b", "a b"),
    ("string", "", ""),
    ("integer", "60", 60),
    ("integer", " -7 ", -7),
    ("integer", 60, 60),
    ("float", "0.05", 0.05),
    ("float", "1e-3", 0.001),
    ("float", 3, 3.0),
    ("boolean", "true", True),
    ("boolean", "No", False),
    ("boolean", False, False),
    ("date", "2017-10-30", "2017-10-30"),
    ("date", date(2017, 10, 30), "2017-10-30"),
]

WRONG = [
    ("string", 3),
    ("integer", "6.0"),
    ("integer", 6.0),
    ("integer", True),
    ("integer", "1" * 400),
    ("integer", "٣"),
    ("float", "a"),
    ("float", "nan"),
    ("float", "inf"),
    ("float", 10**400),
    ("float", True),
    ("boolean", "maybe"),
    ("boolean", 1),
    ("date", "30.10.2017"),
    ("date", "2017-02-30"),
    ("date", "20171030"),
    ("date", datetime(2017, 10, 30, tzinfo=UTC)),
]


@pytest.mark.parametrize(("type_", "given", "value"), RIGHT)
def test_a_value_is_read_as_its_type(type_, given, value):
    found = resolve([Parameter("x", type=type_).spec], {"x": given})["x"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("type_", "given"), WRONG)
def test_a_value_of_the_wrong_type_says_what_is_allowed(type_, given):
    with pytest.raises(UsageError, match=r"Parameter 'x' is .*; allowed is ") as raised:
        resolve([Parameter("x", type=type_).spec], {"x": given})
    assert "--param x=VALUE" in raised.value.do


def test_not_given_is_the_default_and_without_one_null():
    specs = [Parameter("a", type="integer", default=7).spec, Parameter("b", type="date").spec]
    assert resolve(specs, {}) == {"a": 7, "b": None}
    assert resolve(specs, {"a": None, "b": None}) == {"a": 7, "b": None}


def test_a_default_that_is_false_or_empty_is_a_default():
    specs = [Parameter("a", type="boolean", default=False).spec, Parameter("b", default="").spec]
    assert resolve(specs, {}) == {"a": False, "b": ""}


def test_a_required_parameter_must_be_given():
    spec = Parameter("today", type="date", required=True, help="First day.").spec
    with pytest.raises(UsageError, match=r"'today' \(date\) is required .* It is: First day\."):
        resolve([spec], {})
    assert resolve([spec], {"today": "2017-10-30"}) == {"today": "2017-10-30"}


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(NotFound, match="Did you mean 'today'"):
        resolve([Parameter("today").spec], {"tuday": "x"})


def test_a_default_is_checked_where_it_is_written():
    with pytest.raises(UsageError, match="'day' is 'monday'; allowed is a date"):
        Parameter("day", type="date", default="monday")
    assert Parameter("day", type="date", default=date(2017, 10, 30)).spec.default == "2017-10-30"


def test_required_with_a_default_is_a_contradiction():
    with pytest.raises(BadInput, match="required and has the default 1"):
        Parameter("a", type="integer", default=1, required=True)


@pytest.mark.parametrize("name", ["", "1a", "a b", "å", "a" * 65, "a\n", "a.b"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(BadInput, match="a name is a letter"):
        Parameter(name)


def test_a_type_that_is_none_says_which_there_are():
    with pytest.raises(BadInput, match="'string', 'integer', 'float', 'boolean' or 'date'"):
        Parameter("a", type="number")
