"""Laws of merging a newer template into what a team has made of an older one, with real Git over small trees."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from trees import content, empty, merged, tree

from spalje.project.update.merge import merge
from spalje.project.update.scratch import Scratch

# Names that can be a file here and a folder there; contents that can be merged, moved, binary, empty or executable.
names = st.sampled_from(["a", "b", "b/c", "d/e", "d/f", "å", "g h"])
lines = st.lists(st.sampled_from(["1\n", "2\n", "3\n", "4\n"]), max_size=8).map("".join)
texts = st.one_of(
    lines, st.tuples(st.just("100755"), lines), st.binary(max_size=3).map(lambda more: b"\0" + more)
)


def whole(files):
    """Without the files that stand where others need a folder."""
    return {
        path: text for path, text in files.items() if not any(other.startswith(path + "/") for other in files)
    }


trees = st.dictionaries(names, texts, max_size=6).map(whole)
law = settings(max_examples=10, deadline=None)


def run(base, main, new):
    with tempfile.TemporaryDirectory() as folder, Scratch.over(empty(Path(folder) / "bare.git")) as scratch:
        return merged(scratch, base, main, new)


@law
@given(trees, trees)
def test_where_the_team_changed_nothing_the_new_rendering_is_the_result(base, new):
    done, files = run(base, base, new)
    assert files == new
    assert (done.conflicts, done.kept, done.left_deleted) == ((), (), ())


@law
@given(trees, trees)
def test_where_the_template_changed_nothing_the_team_s_files_are_the_result(base, main):
    done, files = run(base, main, base)
    assert files == main
    assert (done.changes, done.conflicts) == ((), ())


@law
@given(trees, trees)
def test_where_both_came_to_the_same_it_is_the_result(base, main):
    done, files = run(base, main, main)
    assert files == main
    assert (done.changes, done.conflicts) == ((), ())


@law
@given(trees, trees, trees)
def test_what_the_template_left_alone_is_the_team_s_byte_for_byte(base, main, new):
    done, files = run(base, main, new)
    moved = {conflict.path for conflict in done.conflicts}
    for path in base.keys() & main.keys() & new.keys():
        if base[path] == new[path] and path not in moved:
            assert files[path] == main[path]


@law
@given(trees, trees, trees)
def test_nobody_s_file_is_lost(base, ours, new):
    """A team that deletes nothing has every file of its own afterwards, changed only where the template changed it."""
    main = whole({**base, **ours})
    if not base.keys() <= main.keys():
        return
    done, files = run(base, main, new)
    conflicts = {conflict.path.split("~")[0] for conflict in done.conflicts}
    for path in main.keys() - base.keys() - new.keys():
        assert path in conflicts or files[path] == main[path]


@law
@given(trees, trees, trees)
def test_every_marker_is_in_a_file_that_is_named(base, main, new):
    done, files = run(base, main, new)
    named = {conflict.path for conflict in done.conflicts}
    marked = {path for path, text in files.items() if "<<<<<<< yours" in str(text)}
    assert marked <= named <= files.keys()
    assert not set(done.left_deleted) & files.keys()
    assert set(done.kept) <= files.keys()


@law
@given(trees, trees, trees, st.randoms(use_true_random=False))
def test_the_order_of_files_makes_no_difference(base, main, new, random):
    def shuffled(files):
        return dict(random.sample(list(files.items()), len(files)))

    with tempfile.TemporaryDirectory() as folder, Scratch.over(empty(Path(folder) / "bare.git")) as scratch:
        one, other = (
            merge(scratch, *[tree(scratch, files) for files in given], was="t-1", becomes="t-2")
            for given in ((base, main, new), map(shuffled, (base, main, new)))
        )
        assert one == other


@law
@given(trees, trees, trees)
def test_merging_again_what_is_merged_changes_nothing(base, main, new):
    """A merge that was squashed, or pushed and run again, does not come back as a change."""
    with tempfile.TemporaryDirectory() as folder, Scratch.over(empty(Path(folder) / "bare.git")) as scratch:
        first, _ = merged(scratch, base, main, new)
        again = merge(scratch, tree(scratch, new), first.tree, tree(scratch, new), was="t-2", becomes="t-2b")
        assert again.tree == first.tree
        assert content(scratch, again.tree) == content(scratch, first.tree)
