"""Artifacts: what goes in comes out, and names follow content."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.storage.artifacts import Artifacts
from spalje.storage.manifest import Manifest

#: A folder, or the bytes of a file. Names differ in letters of all kinds, but not in case alone.
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..") and name == name.lower()
)
TREES = st.recursive(
    st.dictionaries(NAMES, st.binary(max_size=40), max_size=4),
    lambda inner: st.dictionaries(NAMES, st.one_of(st.binary(max_size=40), inner), max_size=4),
    max_leaves=6,
)


def write(folder: Path, tree: dict) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in tree.items():
        if isinstance(content, dict):
            write(folder / name, content)
        else:
            (folder / name).write_bytes(content)


def flat(tree: dict, prefix: str = "") -> dict[str, bytes]:
    """Path -> bytes: folders without files have no place here."""
    found: dict[str, bytes] = {}
    for name, content in tree.items():
        found |= flat(content, f"{prefix}{name}/") if isinstance(content, dict) else {prefix + name: content}
    return found


def read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@settings(max_examples=40, deadline=None)
@given(TREES, TREES)
def test_what_goes_in_comes_out_and_names_follow_content(one: dict, two: dict):
    with tempfile.TemporaryDirectory() as folder:
        artifacts = Artifacts(Path(folder) / "store")
        digests = []
        for place, tree in enumerate((one, two)):
            write(Path(folder) / str(place), tree)
            copied = artifacts.copy(Path(folder) / str(place), "folder")
            scratch = artifacts.scratch()
            write(scratch, tree)
            assert artifacts.put(scratch, "folder") == copied
            assert (copied.files, copied.size) == (len(flat(tree)), sum(map(len, flat(tree).values())))
            assert read(Artifacts(artifacts.root).open(copied.digest)) == flat(tree)
            manifest = artifacts.manifest(copied.digest)
            assert Manifest(manifest.files).digest == copied.digest
            digests.append(copied.digest)
        assert (digests[0] == digests[1]) == (flat(one) == flat(two))
        assert list(artifacts.digests()) == sorted(set(digests))
