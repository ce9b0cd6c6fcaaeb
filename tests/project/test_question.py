"""What templates ask, and what may be answered."""

import json
import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project.template.question import Question, check_answers, parse_answers, questions
from spalje.project.template.template import render

MORE = """
problem:
  type: str
  help: What is
    predicted
  choices: {two classes: binary, several: multiclass}
  default: binary
classes: {type: int, default: 3, when: "{{ problem == 'multiclass' }}"}
folds: 5
share: {type: float, default: 0.2, validator: "{% if share > 1 %}at most 1{% endif %}"}
deep: {type: bool, default: false}
labels: {type: str, choices: [low, middle, high], multiselect: true, default: [low]}
note: {type: str, multiline: true, default: ""}
extra: {type: json, default: {}}
when: {type: yaml, default: null}
worked_out: {type: str, choices: "{{ ['x', 'y'] }}", default: x}
"""


@pytest.fixture
def asking(tiny):
    told = (tiny.folder / "copier.yml").read_text()
    (tiny.folder / "copier.yml").write_text(told + MORE)
    (tiny.folder / "build" / "answers.json.jinja").write_text(
        "{{ {'problem': problem, 'classes': classes, 'folds': folds, 'share': share, 'deep': deep,"
        " 'labels': labels, 'note': note, 'extra': extra} | to_json }}"
    )
    return tiny


def rendered(template, folder, **answers):
    given = render(template, "fresh-produce", "build", answers, folder)
    told = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    assert told == given
    return given, json.loads((folder / "answers.json").read_text())


def test_questions_are_read_with_all_they_say(asking):
    found = {question.name: question for question in questions(asking)}
    assert list(found) == [
        "title", "owner", "problem", "classes", "folds", "share", "deep", "labels", "note", "extra", "when", "worked_out"
    ]  # fmt: skip
    assert found["problem"] == Question(
        "problem", "str", "What is predicted", ("binary", "multiclass"), "binary"
    )
    assert found["classes"].when == "{{ problem == 'multiclass' }}"
    assert (found["folds"].type, found["folds"].default) == ("int", 5)
    assert found["labels"].many
    assert found["worked_out"].choices == ()


def test_answers_are_parsed_to_their_types_and_arrive_as_such(asking, tmp_path):
    words = {
        "problem": "multiclass", "classes": "7", "folds": "10", "share": "1", "deep": "Yes", "labels": "high, low",
        "note": "two\nlines", "extra": '{"a": [1, null]}',
    }  # fmt: skip
    parsed = parse_answers(asking, words)
    assert parsed == {
        "problem": "multiclass", "classes": 7, "folds": 10, "share": 1.0, "deep": True, "labels": ["low", "high"],
        "note": "two\nlines", "extra": {"a": [1, None]},
    }  # fmt: skip
    recorded, written = rendered(asking, tmp_path / "out", **parsed)
    assert {name: recorded[name] for name in parsed} == parsed == written
    again, _ = rendered(asking, tmp_path / "again", **{name: recorded[name] for name in (*parsed, "title")})
    assert again == recorded


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("problem", "ternary", "it must be one of binary, multiclass"), ("problem", "", "one of binary"),
        ("folds", "5.5", "a whole number"), ("folds", "five", "a whole number"), ("share", "much", "a number"),
        ("share", "nan", "a number"), ("share", "inf", "a number"), ("deep", "maybe", "true or false"),
        ("labels", "low, lower", "some of low, middle, high"), ("labels", "[low", "some of"),
        ("extra", "{", "a JSON value"), ("title", "x" * 101, "one line of at most 100 characters"),
        ("title", "a\nb", "one line"), ("title", "\x1b[31m", "one line"), ("title", "a\u202eb", "one line"),
        ("when", "2024-01-01", "a YAML value"), ("when", "{1: .inf}", "a YAML value"), ("when", "!!set {a}", "a YAML"),
        ("note", "a\x00b", "characters"), ("extra", '{"a": "\\u0000"}', "a JSON value"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_names_question_value_and_what_is_allowed(asking, name, text, said):
    with pytest.raises(UsageError, match=f"The {name} .* cannot be used: it must be ") as raised:
        parse_answers(asking, {name: text})
    assert said in str(raised.value)
    assert f"--answer {name}=" in raised.value.do


def test_a_long_answer_is_cut_in_the_message(asking):
    with pytest.raises(UsageError, match="characters") as raised:
        parse_answers(asking, {"title": "x" * 100_000})
    assert len(str(raised.value)) < 300


def test_the_templates_own_check_says_what_it_says(asking, tmp_path):
    with pytest.raises(UsageError, match=r"The share 2.0 cannot be used: at most 1"):
        rendered(asking, tmp_path / "out", share=2.0)
    with pytest.raises(UsageError, match=r"The worked_out 'z' cannot be used: 'z' is not in \['x', 'y'\]"):
        rendered(asking, tmp_path / "out", worked_out="z")
    assert not (tmp_path / "out").exists()


def test_an_answer_of_another_type_is_refused(asking):
    for name, value in (
        ("folds", True),
        ("folds", "5"),
        ("deep", 1),
        ("title", 3),
        ("labels", "low"),
        ("share", None),
    ):
        with pytest.raises(UsageError, match=f"The {name} "):
            check_answers(asking, {name: value})


def test_an_answer_to_what_is_not_asked_now_is_refused_or_left_out(asking, tmp_path):
    with pytest.raises(UsageError, match="does not ask 'classes' together with"):
        render(asking, "fresh-produce", "build", {"classes": 4}, tmp_path / "out")
    given = render(
        asking,
        "fresh-produce",
        "build",
        {"classes": 4, "gone": 1, "folds": 6},
        tmp_path / "out",
        recorded=True,
    )
    assert (given["folds"], "classes" in given, "gone" in given) == (6, False, False)


def test_what_spalje_answers_cannot_be_answered(asking):
    for name in ("project", "repository", "template", "template_version"):
        with pytest.raises(UsageError, match=f"'{name}' is answered by Spaljé itself"):
            parse_answers(asking, {name: "x"})
    with pytest.raises(NotFound, match=r"no question 'problm'. Did you mean 'problem'"):
        parse_answers(asking, {"problm": "binary"})
    with pytest.raises(NotFound):
        parse_answers(asking, {"_tasks": "x"})


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("{type: str, choices: [SE, NO]}", "false"), ("{type: str, choices: [3.9, 3.10]}", "3.9"),
        ("{type: str, default: on}", "true"),
    ],
)  # fmt: skip
def test_what_yaml_reads_otherwise_than_it_was_meant_is_told(tiny, value, read):
    (tiny.folder / "copier.yml").write_text((tiny.folder / "copier.yml").read_text() + f"q: {value}\n")
    with pytest.raises(BadInput, match=f"YAML reads an answer of it as {read}") as raised:
        questions(tiny)
    assert "in quotes" in raised.value.do


@pytest.mark.parametrize(
    "value", ["[1, 2]", "3", "{type: int, multiselect: maybe}", "{choices: [1], type: bool}"]
)
def test_a_question_that_is_none_is_told_or_is_its_default(tiny, value):
    (tiny.folder / "copier.yml").write_text((tiny.folder / "copier.yml").read_text() + f"q: {value}\n")
    if value.startswith("{type"):
        with pytest.raises(BadInput, match="multiselect of question 'q'"):
            questions(tiny)
    else:
        assert [question for question in questions(tiny) if question.name == "q"]


@given(st.text(max_size=60))
def test_a_text_is_itself_or_refused(text):
    try:
        assert Question("title", "str").parse(text) == text
    except UsageError:
        assert not text.isprintable()


@given(
    st.sampled_from(["int", "float", "bool", "json", "yaml", "path", "str"]),
    st.text(max_size=30),
    st.booleans(),
)
def test_any_text_is_an_answer_or_a_refusal(kind, text, many):
    question = Question("q", kind, many=many)
    try:
        value = question.parse(text)
    except UsageError:
        return
    assert question.check(value) == value


@pytest.mark.parametrize(
    "title", ["\U0001f353 frukt", "\"a\" \\ 'b' <c> & {{ 7 * 7 }} #", "x\u00a0y".replace("\u00a0", " ")]
)
def test_tojson_gives_text_that_toml_and_json_and_yaml_read(tiny, tmp_path, title):
    (tiny.folder / "build" / "x.jinja").write_text("title = {{ title | tojson }}\n")
    render(tiny, "fresh-produce", "build", {"title": title}, tmp_path / "out")
    text = (tmp_path / "out" / "x").read_text()
    assert tomllib.loads(text)["title"] == title
    assert json.loads(text.partition("=")[2]) == yaml.safe_load(text.partition("=")[2]) == title
