"""constraints.toml: a round trip changes nothing, a person's words stay, a slip is found by its line."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spalje.errors import BadInput
from spalje.monitor.constraints import ColumnConstraints, Constraints, Limits, Rows
from spalje.monitor.suggestion import suggest
from spalje.profile.scan import profile_batches
from spalje.storage import constraints_file

SHARES = st.floats(0, 1)
LIMITS = st.builds(
    Limits, null_margin=SHARES, null_breach=SHARES, not_finite=SHARES, negative=st.none() | SHARES,
    low=st.none() | st.floats(-1e300, 1e300), high=st.none() | st.floats(-1e300, 1e300), far_share=SHARES,
    unseen_margin=st.none() | SHARES, unseen_breach=st.none() | SHARES,
)  # fmt: skip
#: What TOML can hold: any text of Unicode but lone surrogates.
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", ".", "a.b", '"', "'", "\n", "é", "e\u0301", "😀", "__proto__", "columns", "# no comment"]
)
COLUMNS = st.builds(
    ColumnConstraints,
    inferred_type=st.sampled_from(["Integral", "Fractional", "String", "Unknown"]),
    completeness=SHARES,
    domains=st.none() | st.lists(NAMES, max_size=4).map(tuple),
    limits=LIMITS,
    monitoring=st.sampled_from([{}, {"comparison_threshold": 0.4}, {"evaluate": False}]),
)
CONSTRAINTS = st.builds(
    Constraints,
    columns=st.dictionaries(NAMES, COLUMNS, max_size=4),
    rows=st.none() | st.builds(Rows, expected=st.integers(1, 10**9)),
    min_rows=st.integers(1, 1000),
    other_columns=st.lists(NAMES, max_size=3).map(tuple),
)


def suggestion(**columns):
    return suggest(profile_batches(pa.table(columns).to_batches()))


@given(CONSTRAINTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_round_trip_changes_nothing(tmp_path, constraints):
    path = tmp_path / "constraints.toml"
    path.unlink(missing_ok=True)
    constraints_file.write(path, constraints)
    assert constraints_file.read(path, constraints) == constraints
    before = path.read_bytes()
    constraints_file.write(path, constraints, constraints)
    assert path.read_bytes() == before


def test_what_a_person_changed_stays_and_the_rest_is_brought_up_to_date(tmp_path):
    path = tmp_path / "constraints.toml"
    first = suggestion(price=[1.5, 2.5, None] * 100, gone=[1, 2, 3] * 100)
    constraints_file.write(path, first)
    text = path.read_text().replace("null_breach = 0.05", "null_breach = 0.2  # the scale is often off")
    path.write_text("# Ours, since spring.\n" + text)
    second = suggestion(price=[1.5, 2.5, 9.0] * 100, new=[1, 2, 3] * 100)
    constraints_file.write(path, second, first)
    found = constraints_file.read(path, second)
    assert list(found.columns) == ["price", "new"]
    assert found.columns["price"].limits.null_breach == 0.2
    assert found.columns["price"].limits.high == second.columns["price"].limits.high
    assert path.read_text().startswith("# Ours, since spring.\n")
    assert "# the scale is often off" in path.read_text()


def test_a_column_that_a_person_struck_out_stays_out(tmp_path):
    path = tmp_path / "constraints.toml"
    said = suggestion(price=[1.5, 2.5] * 100, note=["a", "b"] * 100)
    constraints_file.write(path, said)
    path.write_text(path.read_text().partition("[columns.note]")[0])
    constraints_file.write(path, said, said)
    assert list(constraints_file.read(path, said).columns) == ["price"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("null_breach = 3", "columns.price.null_breach is 3; it can be a number from 0 to 1"),
        ("null_brech = 0.1", "Did you mean 'null_breach'"),
        ('type = "Integer"', "Did you mean 'Integral'"),
        ("low = ]", "is not TOML"),
    ],
)
def test_a_slip_is_told_with_its_line_and_what_is_allowed(tmp_path, wrong, said):
    path = tmp_path / "constraints.toml"
    path.write_text(f"[columns.price]\n{wrong}\n")
    with pytest.raises(BadInput) as error:
        constraints_file.read(path, suggestion(price=[1.5, 2.5]))
    assert said in str(error.value)
    assert "line 2" in str(error.value)
