"""What every artifact store keeps to."""

import os
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spalje.errors import BadInput, NotFound, SpaljeError
from spalje.fingerprint import fingerprint
from spalje.storage.artifacts import Artifacts


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_put_and_open(artifacts: Artifacts):
    stored = artifacts.put(write(artifacts.scratch(), b="two", a__x="one"), "table")
    assert (stored.kind, stored.size, stored.files) == ("table", 6, 2)
    files = artifacts.open(stored.digest)
    assert (files / "b").read_text() == "two"
    assert (files / "a" / "x").read_text() == "one"
    assert [file.path for file in artifacts.manifest(stored.digest).files] == ["a/x", "b"]


def test_digest_is_the_fingerprint_of_the_manifest(artifacts: Artifacts):
    stored = artifacts.put(write(artifacts.scratch(), a="one"), "folder")
    one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"  # printf one | sha256sum
    assert stored.digest == fingerprint({"format": 1, "files": [["a", 3, one]]})


def test_digest_depends_on_names_and_bytes_and_on_nothing_else(artifacts: Artifacts):
    def digest(**files: str) -> str:
        return artifacts.put(write(artifacts.scratch(), **files), "folder").digest

    first = digest(a="1", b__c="2")
    scratch = write(artifacts.scratch(), b__c="2", a="1")
    (scratch / "a").chmod(0o777)
    os.utime(scratch / "a", (0, 0))
    (scratch / "empty" / "deeper").mkdir(parents=True)
    assert artifacts.put(scratch, "report").digest == first
    others = [
        digest(a="1", b__d="2"),
        digest(a="1", b="2"),
        digest(a="2", b__c="1"),
        digest(a="12"),
        digest(),
    ]
    assert len({first, *others}) == 6


def test_empty_folder_is_an_artifact(artifacts: Artifacts):
    stored = artifacts.put(artifacts.scratch(), "folder")
    assert (stored.size, stored.files) == (0, 0)
    assert list(artifacts.open(stored.digest).iterdir()) == []


def test_same_content_twice_is_one_artifact(artifacts: Artifacts):
    first, second = (artifacts.put(write(artifacts.scratch(), a="1"), "folder") for _ in range(2))
    assert first == second
    assert list(artifacts.digests()) == [first.digest]
    assert list((artifacts.root / "incoming").iterdir()) == []


def test_stored_files_are_read_only_and_scratch_is_private(artifacts: Artifacts):
    scratch = artifacts.scratch()
    assert stat.S_IMODE(scratch.stat().st_mode) == 0o700
    stored = artifacts.put(write(scratch, a__b="1"), "folder")
    assert stat.S_IMODE((artifacts.open(stored.digest) / "a" / "b").stat().st_mode) == 0o444


def test_part_of_a_scratch_folder_can_be_stored(artifacts: Artifacts):
    scratch = write(artifacts.scratch(), out__a="1", other__b="2")
    artifacts.put(scratch / "out", "folder")
    assert sorted(path.name for path in scratch.iterdir()) == ["other"]


def test_a_folder_elsewhere_is_not_moved_away(artifacts: Artifacts, tmp_path: Path):
    mine = write(tmp_path / "mine", a="1")
    with pytest.raises(ValueError, match="copy"):
        artifacts.put(mine, "folder")
    assert (mine / "a").read_text() == "1"


def test_hard_links_are_broken(artifacts: Artifacts, tmp_path: Path):
    mine = write(tmp_path, mine="1") / "mine"
    scratch = artifacts.scratch()
    os.link(mine, scratch / "a")
    stored = artifacts.put(scratch, "folder")
    mine.write_text("2")
    assert (artifacts.open(stored.digest) / "a").read_text() == "1"


def test_copy_of_a_folder_and_of_a_file(artifacts: Artifacts, tmp_path: Path):
    outside = write(tmp_path / "outside", a__x="one", b="two")
    stored = artifacts.put(write(artifacts.scratch(), a__x="one", b="two"), "table")
    assert artifacts.copy(outside, "table") == stored
    alone = artifacts.copy(outside / "b", "table")
    assert [file.path for file in artifacts.manifest(alone.digest).files] == ["b"]
    (tmp_path / "link").symlink_to(outside / "b")
    assert artifacts.copy(tmp_path / "link", "table") == alone
    (outside / "b").write_text("changed")
    assert (artifacts.open(alone.digest) / "b").read_text() == "two"


def test_copy_of_a_big_file(artifacts: Artifacts, tmp_path: Path):
    content = os.urandom(5 << 20) + b"tail"
    (tmp_path / "big").write_bytes(content)
    stored = artifacts.copy(tmp_path / "big", "folder")
    assert (Artifacts(artifacts.root).open(stored.digest) / "big").read_bytes() == content


def test_many_files(artifacts: Artifacts):
    stored = artifacts.put(
        write(artifacts.scratch(), **{f"d{i % 7}__f{i}": str(i) for i in range(200)}), "folder"
    )
    again = Artifacts(artifacts.root)
    assert stored.files == 200
    assert (again.open(stored.digest) / "d3" / "f101").read_text() == "101"


def test_copy_of_what_is_not_there(artifacts: Artifacts, tmp_path: Path):
    with pytest.raises(SpaljeError, match="nowhere"):
        artifacts.copy(tmp_path / "nowhere", "table")
    assert list((artifacts.root / "incoming").iterdir()) == []


def _symlink(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def _folder_symlink(path: Path) -> None:
    path.symlink_to("/etc")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize("make", [_symlink, _folder_symlink, os.mkfifo, _socket])
def test_only_regular_files(artifacts: Artifacts, tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch):
    outside = write(tmp_path / "o", a="1")
    monkeypatch.chdir(outside)
    make(Path("odd"))
    with pytest.raises(BadInput, match="odd is a s"):
        artifacts.copy(outside, "folder")
    scratch = artifacts.scratch()
    monkeypatch.chdir(scratch)
    make(Path("odd"))
    with pytest.raises(BadInput, match="odd is a s"):
        artifacts.put(scratch, "folder")
    assert list(artifacts.digests()) == []


def test_odd_names(artifacts: Artifacts):
    names = [
        "ümlaut",
        "spa ce",
        "new\nline",
        "tab\t",
        "-rf",
        "*",
        "quote'\"",
        "été",
        "e\u0301te\u0301",
        ".hidden",
    ]
    scratch = artifacts.scratch()
    for name in names:
        (scratch / name).write_text(name)
    files = artifacts.open(artifacts.put(scratch, "folder").digest)
    assert sorted(path.name for path in files.iterdir()) == sorted(names)


def test_a_name_that_is_not_utf8(artifacts: Artifacts):
    scratch = artifacts.scratch()
    Path(os.fsdecode(os.fsencode(scratch) + b"/\xff")).write_text("1")
    with pytest.raises(BadInput, match="UTF-8"):
        artifacts.put(scratch, "folder")


@pytest.mark.parametrize("name", ["0" * 64, "0" * 63, "../" * 10, "A" * 64, "", "incoming", "/etc/passwd"])
def test_unknown_digest(artifacts: Artifacts, name: str):
    stored = artifacts.put(write(artifacts.scratch(), a="1"), "folder")
    for ask in (artifacts.open, artifacts.manifest, artifacts.remove):
        with pytest.raises(NotFound, match=stored.digest):
            ask(name)
    assert list(artifacts.digests()) == [stored.digest]


def test_remove(artifacts: Artifacts):
    one, two = (artifacts.put(write(artifacts.scratch(), a=text), "folder").digest for text in "12")
    artifacts.remove(one)
    assert list(artifacts.digests()) == [two]
    with pytest.raises(NotFound):
        artifacts.open(one)
    assert artifacts.put(write(artifacts.scratch(), a="1"), "folder").digest == one
    assert (artifacts.open(one) / "a").read_text() == "1"


def test_sweep_leaves_the_young_alone(artifacts: Artifacts):
    old, young = artifacts.scratch(), artifacts.scratch()
    os.utime(old, (0, 0))
    assert artifacts.sweep(3600) == 1
    assert not old.exists()
    assert young.exists()
    assert artifacts.sweep(0) == 1
    assert Artifacts(artifacts.root / "nothing").sweep(0) == 0


def test_digests_come_in_order(artifacts: Artifacts):
    assert list(artifacts.digests()) == []
    made = {artifacts.put(write(artifacts.scratch(), a=str(i)), "folder").digest for i in range(12)}
    assert list(artifacts.digests()) == sorted(made)


def test_two_writers_of_the_same_content(artifacts: Artifacts):
    scratches = [write(artifacts.scratch(), a="same", b__c="same") for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        stored = set(pool.map(lambda scratch: artifacts.put(scratch, "folder").digest, scratches))
    assert list(artifacts.digests()) == sorted(stored)
    assert len(stored) == 1
    assert list((artifacts.root / "incoming").iterdir()) == []


READ_ONCE = """
import os, sys
from pathlib import Path
from spalje.storage.artifacts import Artifacts

reads = []
sys.addaudithook(lambda event, arguments: reads.append(str(arguments[0])) if event == "open" else None)
artifacts = Artifacts(Path(sys.argv[1]))
for _ in range(3):
    path = artifacts.open(sys.argv[2]) / "a"
print(reads.count(str(path)))
os.utime(path, (1, 1))
artifacts.open(sys.argv[2])
print(reads.count(str(path)))
"""


def test_an_untouched_artifact_is_read_once_in_a_process(artifacts: Artifacts):
    stored = artifacts.put(write(artifacts.scratch(), a="1"), "folder")
    words = [sys.executable, "-c", READ_ONCE, str(artifacts.root), stored.digest]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.split() == ["1", "2"]
