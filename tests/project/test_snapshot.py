"""Versions of templates that are kept for ever."""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project.template.snapshot import Snapshots
from spalje.project.template.template import Template


@pytest.fixture
def snapshots(tmp_path):
    return Snapshots(tmp_path / "git" / ".templates.git", tmp_path / "cache")


def files(folder):
    return {
        str(path.relative_to(folder)): (path.readlink() if path.is_symlink() else path.read_bytes(), path.lstat().st_mode & 0o111 if not path.is_symlink() else 0)
        for path in sorted(folder.rglob("*"))
        if (path.is_file() or path.is_symlink()) and "__pycache__" not in path.parts
    }  # fmt: skip


def raised_to(template, version):
    card = template.folder / "template.toml"
    card.write_text(card.read_text().replace(template.version, version))
    return Template.read(template.folder, template.name)


def test_what_was_kept_is_the_template_without_what_tools_left(snapshots, tiny):
    (tiny.folder / "build" / "a \"quoted\" 'name' {% if x %}å.py").write_bytes(b"\r\n\x00\xff")
    (tiny.folder / "build" / "link").symlink_to("src/plain.py")
    (tiny.folder / "build" / ".gitattributes").write_text("* text eol=lf export-ignore\n")
    kept = snapshots.keep(tiny)
    assert kept == replace(tiny, folder=kept.folder)
    assert files(kept.folder) == files(tiny.folder)
    assert not list(kept.folder.rglob("__pycache__"))
    assert snapshots.get("tiny", tiny.version) == replace(kept, source=f"tiny {tiny.version} as it was used")


def test_a_version_that_is_in_use_never_changes(snapshots, tiny):
    kept = snapshots.keep(tiny)
    before = files(kept.folder)
    (tiny.folder / "build" / "README.md.jinja").write_text("other\n")
    with pytest.raises(BadInput, match="is in use with other content") as raised:
        snapshots.keep(tiny)
    assert "Raise version" in raised.value.do
    newer = snapshots.keep(raised_to(tiny, "0.10.0"))
    assert files(snapshots.get("tiny", tiny.version).folder) == before
    assert files(newer.folder) != before
    snapshots.keep(raised_to(Template.read(tiny.folder, "tiny"), "0.9.0"))
    assert snapshots.versions("tiny") == (tiny.version, "0.9.0", "0.10.0")


def test_a_mode_is_content(snapshots, tiny):
    snapshots.keep(tiny)
    (tiny.folder / "build" / "src" / "plain.py").chmod(0o755)
    with pytest.raises(BadInput, match="in use"):
        snapshots.keep(tiny)


def test_what_was_only_looked_at_may_still_change(snapshots, tiny):
    looked = snapshots.look(tiny)
    assert files(looked.folder) == files(tiny.folder)
    assert snapshots.versions("tiny") == ()
    (tiny.folder / "build" / "README.md.jinja").write_text("other\n")
    kept = snapshots.keep(tiny)
    assert snapshots.look(tiny) == kept
    (tiny.folder / "build" / "README.md.jinja").write_text("another\n")
    with pytest.raises(BadInput, match="in use"):
        snapshots.look(tiny)


def test_what_the_cache_lost_comes_back(snapshots, tiny, tmp_path):
    kept = snapshots.keep(tiny)
    before = files(kept.folder)
    shutil.rmtree(snapshots.cache)
    assert files(snapshots.keep(tiny).folder) == before
    shutil.rmtree(snapshots.cache)
    assert files(snapshots.get("tiny", tiny.version).folder) == before


def test_what_was_not_kept_is_not_there(snapshots, tiny):
    with pytest.raises(NotFound, match="There is no version"):
        snapshots.get("tiny", "0.1.0")
    assert snapshots.versions("tiny") == ()
    snapshots.keep(tiny)
    for version in ("9.9.9", "../x", "", "main", "0.1", "*"):
        with pytest.raises(NotFound, match=f"There are: {tiny.version}"):
            snapshots.get("tiny", version)
    with pytest.raises(UsageError, match="cannot be the name"):
        snapshots.get("../tiny", tiny.version)


@pytest.mark.parametrize(
    ("name", "aim"), [("l", "/etc/passwd"), ("l", "../../x"), ("build/l", "../../template.toml")]
)
def test_a_link_that_leads_out_is_not_kept(snapshots, tiny, name, aim):
    (tiny.folder / name).symlink_to(aim)
    with pytest.raises(BadInput, match="leads out of the template"):
        snapshots.keep(tiny)
    assert snapshots.versions("tiny") == ()


@pytest.mark.parametrize("name", [".GIT", "git~1", ".git.", "a\nb", "a\x1b[31m"])
def test_a_name_that_harms_is_not_kept(snapshots, tiny, name):
    (tiny.folder / "build" / name).write_text("x")
    with pytest.raises(BadInput, match=r"Git's own|cannot be read"):
        snapshots.keep(tiny)
    assert snapshots.versions("tiny") == ()


def test_a_pipe_is_not_kept(snapshots, tiny):
    os.mkfifo(tiny.folder / "build" / "pipe")
    with pytest.raises(BadInput, match="is no file"):
        snapshots.keep(tiny)


def test_threads_that_keep_the_same_find_the_same(snapshots, tiny):
    with ThreadPoolExecutor(6) as pool:
        kept = set(pool.map(lambda _: snapshots.keep(tiny).folder, range(6)))
    assert len(kept) == 1


def test_of_processes_that_keep_other_content_one_wins(snapshots, tiny, tmp_path):
    program = (
        "import sys; from pathlib import Path\n"
        "from spalje.errors import BadInput\nfrom spalje.project.template.snapshot import Snapshots\n"
        "from spalje.project.template.template import Template\n"
        "try: print(Snapshots(Path(sys.argv[1]), Path(sys.argv[2])).keep(Template.read(Path(sys.argv[3]), 'tiny')).folder)\n"
        "except BadInput: print('refused')\n"
    )
    running = []
    for turn in range(3):
        other = tmp_path / f"other-{turn}" / "tiny"
        shutil.copytree(tiny.folder, other)
        (other / "build" / "turn").write_text(str(turn))
        words = [sys.executable, "-c", program, str(snapshots.repository), str(snapshots.cache), str(other)]
        running.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
    said = [process.communicate()[0].strip() for process in running]
    assert said.count("refused") == 2
    (winner,) = [turn for turn, one in enumerate(said) if one != "refused"]
    assert (snapshots.get("tiny", tiny.version).folder / "build" / "turn").read_text() == str(winner)


@settings(max_examples=5, deadline=None)
@given(
    st.dictionaries(
        st.text(
            st.characters(exclude_categories=["C", "Z"], exclude_characters="/."), min_size=1, max_size=20
        ),
        st.tuples(st.binary(max_size=50), st.booleans()),
        max_size=4,
    )
)
def test_whatever_is_kept_comes_back_as_it_was(content):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "any"
        folder.mkdir()
        (folder / "template.toml").write_text('description = "d"\nowner = "o"\nversion = "1.0.0"\n')
        for name, (data, executable) in content.items():
            if len(name.encode()) < 200 and not name.endswith("~1"):
                (folder / name).write_bytes(data)
                (folder / name).chmod(0o755 if executable else 0o644)
        kept = Snapshots(Path(place) / "bare", Path(place) / "cache").keep(Template.read(folder, "any"))
        assert files(kept.folder) == files(folder)
