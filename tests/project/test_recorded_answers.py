"""What main says it was made from is read as data, whatever somebody has written there."""

import pytest

from spalje.errors import BadInput
from spalje.project import git
from spalje.project.template.rendering import ANSWERS
from spalje.project.update.recorded_answers import read_recorded_answers
from spalje.project.update.scratch import File, Scratch

GOOD = 'project: "fresh"\nrepository: "build"\ntemplate: "tiny"\ntemplate_version: "1.0.0"\n'


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    bare = tmp_path_factory.mktemp("answers") / "bare.git"
    git.init_bare(bare)
    with Scratch.over(bare) as scratch:
        yield scratch


def read(scratch, text, mode="100644"):
    empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    put = {} if text is None else {ANSWERS: File(mode, scratch.write(text.encode()))}
    commit = scratch.commit(scratch.revised(empty, put))
    return read_recorded_answers(scratch.folder, commit, project="fresh", role="build", template="tiny")


def bomb():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]"
        for before, after in zip("abcdef", "bcdefg", strict=True)
    ]
    return "\n".join(lines) + "\n"


def test_answers_are_typed_and_without_what_spalje_answers_itself(scratch):
    found = read(scratch, GOOD + 'title: "Färskt: 1"\nfolds: 5\ndeep: {"a": [1, null]}\n_src_path: "/x"\n')
    assert found.version == "1.0.0"
    assert found.answers == {"title": "Färskt: 1", "folds": 5, "deep": {"a": [1, None]}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is not there"),
        ("", "is not a mapping"),
        ("- a\n- b\n", "is not a mapping"),
        ("1: 2\n", "is not a mapping of names"),
        (GOOD.replace("tiny", "other"), "says template: 'other'; the project was made with template: tiny"),
        (GOOD.replace("tiny", "../.."), "says template: '../..'"),
        (GOOD.replace("fresh", "other"), "says project: 'other'"),
        (GOOD.replace("build", "deploy"), "says repository: 'deploy'"),
        (GOOD.replace("1.0.0", "../1"), "which is no version"),
        (GOOD.replace('"1.0.0"', "1.0"), "which is no version"),
        ("!!python/object/apply:os.system ['touch ran']\n", "aliases or tags"),
        ("template: !!str tiny\n", "aliases or tags"),
        (bomb(), "aliases or tags"),
        ("{" * 50_000, "levels deep"),
        ("- " * 40_000, "levels deep"),
        ("x" * 100_001, "is larger than"),
        ("template: \x01\n", "cannot be read"),
        ("a: [\n", "cannot be read"),
        ("a: 1\n---\nb: 2\n", "cannot be read"),
    ],
)
def test_what_is_no_plain_record_gets_a_clear_answer(scratch, text, said):
    with pytest.raises(BadInput) as raised:
        read(scratch, text)
    assert said in str(raised.value)
    assert "git log -- .copier-answers.yml" in raised.value.do


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_a_link_or_a_submodule_in_its_place_is_not_followed(scratch, mode):
    with pytest.raises(BadInput, match="is no plain file"):
        read(scratch, "/etc/passwd", mode)
