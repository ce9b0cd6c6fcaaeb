"""What is not understood keeps its bytes; what is not JSON is refused by name."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.errors import BadInput
from spalje.sagemaker.filled import Filled, document, dumps
from spalje.sagemaker.record import Record, unicode

ODD = b"""{ "known": 1,
  "caf\\u00e9" : [ 1.50, 1E5,  {"a":1,   "a":2} ], "half":"\\ud800", "list": [ ], "z": -0.0,
  "deep": {"x": [[[]]]}, "known2": null }"""


def test_unknown_keys_keep_their_bytes():
    rest = Record.parse(ODD, "f.json").rest({"known"})
    written = dumps(Filled({"known": 1}, rest))
    for piece in (
        b'"caf\\u00e9": [ 1.50, 1E5,  {"a":1,   "a":2} ]',
        b'"half": "\\ud800"',
        b'"z": -0.0',
        b'"list": [ ]',
        b'"deep": {"x": [[[]]]}',
    ):
        assert piece in written
    assert json.loads(written) == json.loads(ODD)
    assert Record.parse(written, "f.json").rest({"known"}) == rest


def test_constants_that_json_does_not_have_become_text():
    record = Record.parse(b'{"a": [NaN, {"b": -Infinity}], "c": NaN}', "f.json")
    assert record.rest({"c"}) == (('"a"', '["NaN", {"b": "-Infinity"}]'),)
    assert record.number("c") is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(), values, max_size=5), st.sampled_from([None, 0, 3]), st.booleans())
def test_any_object_goes_through_and_back(document, indent, ascii_only):
    raw = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    written = dumps(Filled({}, Record.parse(raw, "f.json").rest(())))
    assert json.loads(written) == document
    assert Record.parse(written, "f.json").rest(()) == Record.parse(raw, "f.json").rest(())
    assert json.loads(dumps(document)) == document


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"7",
        b"{",
        b'{"a": }',
        b'{"a": 1} x',
        b"{]",
        b"\xff\xfe",
        b'{"a" 1}',
        b'{"a":' + b"[" * 100_000,
    ],
)
def test_what_is_no_object_is_refused(data):
    with pytest.raises(BadInput, match=r"f\.json is not the JSON it should be") as caught:
        Record.parse(data, "f.json")
    assert caught.value.do


@pytest.mark.parametrize("sixteenth", range(16))
def test_a_file_cut_off_anywhere_is_refused(sixteenth):
    with pytest.raises(BadInput):
        Record.parse(ODD[: len(ODD) * sixteenth // 16], "f.json")


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b'{"x": "many"}', lambda record: record.number("x")),
        (b'{"x": true}', lambda record: record.number("x")),
        (b'{"x": -1}', lambda record: record.count("x")),
        (b'{"x": 1.5}', lambda record: record.count("x")),
        (b'{"x": 1}', lambda record: record.text("x")),
        (b'{"x": 1}', lambda record: record.record("x")),
        (b'{"x": 1}', lambda record: record.records("x")),
        (b'{"x": [1]}', lambda record: record.records("x")),
    ],
)
def test_values_of_another_kind_are_refused_by_place(raw, read):
    with pytest.raises(BadInput, match=r"f\.json: x"):
        read(Record.parse(raw, "f.json"))


def test_numbers_in_every_spelling():
    record = Record.parse(b'{"a": 7, "b": 7.0, "c": "NaN", "d": null, "e": "7.5", "f": 1e999}', "f.json")
    assert [record.number(key) for key in "abcdefg"] == [7, 7.0, None, None, 7.5, None, None]
    assert [record.count(key) for key in "abcd"] == [7, 7, 0, 0]


def test_small_thresholds_are_written_without_exponents():
    assert dumps({"a": 1e-05, "b": 0.1, "c": 1e300}) == b'{\n  "a": 0.00001,\n  "b": 0.1,\n  "c": 1e+300\n}\n'
    assert json.loads(dumps({"mse": 1.5e17})) == {"mse": 1.5e17}
    assert dumps({"mse": 1.5e17}) == b'{\n  "mse": 150000000000000000.0\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps({"a": float("nan")})


def test_the_version_stays_as_it_was_and_is_there_once():
    for said, written in ((b"0.0", b"0.0"), (b'"1.0"', b'"1.0"'), (b"null", b"0"), (None, b"0")):
        source = b"{}" if said is None else b'{"version": %s}' % said
        assert document({}, Record.parse(source, "f.json")) == b'{\n  "version": %s\n}\n' % written


def test_sketches_with_what_json_has_no_numbers_for():
    written = dumps({"data": np.array([1.5, np.nan, np.inf, -np.inf])})
    assert json.loads(written)["data"] == [1.5, "NaN", "Infinity", "-Infinity"]


def test_lone_surrogates_never_get_into_our_values():
    assert unicode("a\ud800b") == "a\ufffdb"
    assert Record.parse(b'{"name": "a\\ud800"}', "f.json").text("name") == "a\ufffd"
