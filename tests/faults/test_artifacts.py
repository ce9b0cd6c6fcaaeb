"""Artifacts that were damaged, interrupted or ran out of disk."""

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from spalje.errors import BadInput, Corrupt
from spalje.storage.artifacts import Artifacts


def stored(root: Path) -> tuple[Artifacts, str]:
    artifacts = Artifacts(root)
    scratch = artifacts.scratch()
    (scratch / "part").mkdir()
    (scratch / "part" / "rows").write_bytes(bytes(range(256)) * 3)
    (scratch / "empty").write_bytes(b"")
    return artifacts, artifacts.put(scratch, "table").digest


def _flip(path: Path, place: int, *, sly: bool) -> None:
    """Flip one bit; slyly: with the old times set back."""
    times = path.stat()
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    if sly:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("sly", [False, True])
@pytest.mark.parametrize("place", [0, 1, 255, 400, 767])
def test_any_flipped_bit_is_refused_every_time(tmp_path: Path, place: int, sly: bool):
    artifacts, digest = stored(tmp_path)
    path = artifacts.open(digest) / "part" / "rows"
    good = artifacts.manifest(digest).files[1].sha256
    _flip(path, place, sly=sly)
    for store in (artifacts, artifacts, Artifacts(tmp_path)):
        with pytest.raises(Corrupt, match=r"part/rows.*SHA-256") as refused:
            store.open(digest)
        assert good in str(refused.value)
    _flip(path, place, sly=sly)
    assert artifacts.open(digest) == path.parent.parent


@pytest.mark.parametrize("size", [0, 1, 500, 767])
def test_truncated_file_is_refused(tmp_path: Path, size: int):
    artifacts, digest = stored(tmp_path)
    path = artifacts.open(digest) / "part" / "rows"
    path.chmod(0o644)
    os.truncate(path, size)
    with pytest.raises(Corrupt, match=f"has {size} bytes instead of 768"):
        artifacts.open(digest)


def test_grown_missing_added_and_replaced_files_are_refused(tmp_path: Path):
    def damaged(name: str, damage, what: str) -> None:
        artifacts, digest = stored(tmp_path / name)
        damage(artifacts.open(digest))
        for _ in range(2):
            with pytest.raises(Corrupt, match=what):
                artifacts.open(digest)

    def grow(files: Path) -> None:
        (files / "empty").chmod(0o644)
        (files / "empty").write_text("1")

    def link(files: Path) -> None:
        (files / "empty").unlink()
        (files / "empty").symlink_to("/dev/null")

    damaged("grown", grow, "empty has 1 bytes instead of 0")
    damaged("missing", lambda files: (files / "empty").unlink(), "empty is missing")
    damaged("added", lambda files: (files / "rows2").write_text(""), "rows2 does not belong to it")
    damaged("linked", link, "symbolic link")
    damaged("gone", lambda files: files.rename(files.with_name("other")), "files")


def test_damaged_manifest_is_refused(tmp_path: Path):
    artifacts, digest = stored(tmp_path)
    path = artifacts.open(digest).parent / "manifest.json"
    text = path.read_text()
    path.chmod(0o644)
    for damage in (text.replace("768", "769"), text[:-1], "", "[]", "{}", '{"files": [1]}', "\0"):
        path.write_text(damage)
        with pytest.raises(Corrupt, match=r"manifest\.json"):
            artifacts.open(digest)
    path.unlink()
    with pytest.raises(Corrupt, match=r"manifest\.json is missing"):
        artifacts.open(digest)


def test_storing_again_does_not_hide_damage(tmp_path: Path):
    artifacts, digest = stored(tmp_path)
    _flip(artifacts.open(digest) / "part" / "rows", 7, sly=False)
    with pytest.raises(Corrupt, match="part/rows"):
        stored(tmp_path)
    artifacts.remove(digest)
    assert stored(tmp_path)[1] == digest


PUT = """
    import os, sys
    from pathlib import Path
    from spalje.storage.artifacts import Artifacts

    def put(root, big=1):
        artifacts = Artifacts(root)
        scratch = artifacts.scratch()
        for name in ("a", "b/c", "b/d"):
            (scratch / name).parent.mkdir(exist_ok=True)
            (scratch / name).write_bytes(name.encode() * big)
        return artifacts.put(scratch, "folder").digest
"""

CRASH = (
    PUT
    + """
    def fuse(count):
        def hook(event, arguments):
            nonlocal count
            if event.startswith("os.") or event == "open":
                count -= 1
                if count == 0:
                    os._exit(137)
        return hook

    root, moment, ended = Path(sys.argv[1]), 0, 137
    whole = put(root / "undisturbed")
    while ended == 137:
        moment += 1
        home = root / str(moment)
        pid = os.fork()
        if pid == 0:
            sys.addaudithook(fuse(moment))
            put(home)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        artifacts = Artifacts(home)
        there = list(artifacts.digests())
        assert there in ([], [whole]), (moment, there)
        for digest in there:
            artifacts.open(digest)
        others = {path.name for path in home.iterdir()} - {"incoming", whole[:2]} if home.exists() else set()
        assert not others, (moment, others)
        artifacts.sweep(0)
        assert put(home) == whole, moment
        assert (artifacts.open(whole) / "b" / "d").read_text() == "b/d", moment
        assert not list((home / "incoming").iterdir()), moment
    assert ended == 0
    print(moment)
"""
)


def child(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_killed_at_every_moment_of_storing(tmp_path: Path):
    done = child(CRASH, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


FULL = (
    PUT
    + """
    import resource
    from spalje.errors import SpaljeError

    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    root, source = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        Artifacts(root).copy(source, "folder")
    except SpaljeError as error:
        print(error, error.do)
    else:
        sys.exit("stored nevertheless")
"""
)


def test_full_disk(tmp_path: Path):
    source = tmp_path / "big"
    source.write_bytes(b"x" * 300_000)
    done = child(FULL, str(tmp_path / "store"), str(source))
    assert done.returncode == 0, done.stderr
    assert "There is no space left to store" in done.stdout
    assert "df -h" in done.stdout
    artifacts = Artifacts(tmp_path / "store")
    assert list(artifacts.digests()) == []
    assert list((tmp_path / "store" / "incoming").iterdir()) == []
    assert artifacts.copy(source, "folder").size == 300_000


def test_a_file_that_is_still_being_written_is_refused(tmp_path: Path):
    artifacts, source, done = Artifacts(tmp_path / "store"), tmp_path / "growing", threading.Event()
    source.write_bytes(b"x" * (8 << 20))

    def grow() -> None:
        with source.open("ab", buffering=0) as file:
            while not done.is_set():
                file.write(b"x")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(BadInput, match="growing was written to"):
            artifacts.copy(source, "folder")
    finally:
        done.set()
        writer.join()
    assert list(artifacts.digests()) == []
    assert artifacts.copy(source, "folder").size == source.stat().st_size
