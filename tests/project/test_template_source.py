"""Templates in folders, in Git repositories with versions as tags, and in packages that are installed."""

import shutil
import subprocess
import sys
import threading
import time

import pytest

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project import git_tags
from spalje.project.template.catalog_file import Entry
from spalje.project.template.source import Sources, check_source, is_repository


@pytest.fixture
def sources(tmp_path):
    return Sources(tmp_path / "cache", lambda _: {})


@pytest.fixture
def repository(tiny):
    """The tiny template in a repository, with a way to commit, tag and set the card's version."""
    folder = tiny.folder

    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)

    def release(version, tag=None):
        card = folder / "template.toml"
        lines = [line for line in card.read_text().splitlines() if not line.startswith("version")]
        card.write_text("\n".join([f'version = "{version}"', *lines]) + "\n")
        git("add", "-A")
        git("commit", "--quiet", "--allow-empty", "-m", version)
        git("tag", tag or version)

    git("init", "--quiet")
    release("0.9.0")
    return folder, release, git


@pytest.mark.parametrize("kind", ["path", "file", "bare"])
def test_tags_are_versions_and_the_newest_is_the_highest(sources, repository, tmp_path, kind):
    folder, release, git = repository
    for version, tag in (("0.10.0", "v0.10.0"), ("1.0.0rc1", None), ("0.2.0", None)):
        release(version, tag)
    git("tag", "latest")
    git("tag", "v0.10")  # moved along, as some do
    if kind == "bare":
        git("clone", "--quiet", "--bare", str(folder), str(tmp_path / "bare.git"))
    source = {"path": str(folder), "file": f"file://{folder}", "bare": str(tmp_path / "bare.git")}[kind]
    entry = Entry(source=source, trusted=True, teams=("retail",))
    assert sources.versions("tiny", entry) == ("1.0.0rc1", "0.2.0", "0.9.0", "0.10", "0.10.0")
    found = sources.template("tiny", entry)
    assert (found.version, found.trusted, found.teams, found.source) == ("0.10.0", True, ("retail",), source)
    assert sources.template("tiny", entry, "1.0.0rc1").version == "1.0.0rc1"
    with pytest.raises(NotFound, match=r"There are: 0.10, 0.10.0, 0.2.0, 0.9.0, 1.0.0rc1"):
        sources.template("tiny", entry, "3.0.0")
    assert (found.folder / "build" / "src" / "run.sh").stat().st_mode & 0o111
    assert not (found.folder / ".git").exists()


def test_a_new_tag_is_seen_and_what_is_not_committed_is_not(sources, repository):
    folder, release, _ = repository
    entry = Entry(source=str(folder))
    (folder / "build" / "README.md.jinja").write_text("not committed\n")
    first = sources.template("tiny", entry)
    assert "not committed" not in (first.folder / "build" / "README.md.jinja").read_text()
    release("0.11.0")
    assert sources.template("tiny", entry).version == "0.11.0"


def test_a_tag_that_is_not_the_cards_version_is_named(sources, repository):
    folder, release, _ = repository
    release("1.0.0", "1.1.0")
    with pytest.raises(BadInput, match=r"calls itself 1.0.0 in the commit that is tagged 1.1.0"):
        sources.template("tiny", Entry(source=str(folder)))


def test_a_repository_without_versions_says_how_to_make_one(sources, repository):
    folder, _, git = repository
    git("tag", "-d", "0.9.0")
    with pytest.raises(BadInput, match="has no tag that is a version") as raised:
        sources.template("tiny", Entry(source=str(folder)))
    assert "git tag 1.0.0" in raised.value.do


def test_a_template_in_a_subfolder_of_a_repository(sources, repository, tmp_path):
    folder, _, git = repository
    (folder / "many" / "one").mkdir(parents=True)
    for name in ("build", "deploy", "copier.yml", "template.toml"):
        shutil.move(folder / name, folder / "many" / "one" / name)
    git("add", "-A")
    git("commit", "--quiet", "-m", "moved")
    git("tag", "-f", "0.9.0")
    assert sources.template("one", Entry(source=str(folder), subfolder="many/one")).version == "0.9.0"
    with pytest.raises(BadInput, match="is no template"):
        sources.template("one", Entry(source=str(folder), subfolder="many/two"))


def test_a_repository_that_is_gone_is_offered_as_it_was(sources, repository, tmp_path):
    folder, _, git = repository
    git("clone", "--quiet", "--bare", str(folder), str(tmp_path / "bare.git"))
    entry = Entry(source=f"file://{tmp_path}/bare.git")
    found = sources.template("tiny", entry)
    shutil.rmtree(tmp_path / "bare.git")
    assert sources.template("tiny", entry) == found
    with pytest.raises(BadInput, match="cannot be read"):
        sources.template("other", Entry(source=f"file://{tmp_path}/never.git"))


def test_a_commit_with_a_link_that_leads_out_is_refused(sources, repository):
    folder, release, _ = repository
    (folder / "build" / "l").symlink_to("/etc/passwd")
    release("1.0.0")
    with pytest.raises(BadInput, match="leads out of it"):
        sources.template("tiny", Entry(source=str(folder)))


def test_the_credentials_of_a_source_reach_git_and_no_file(tmp_path, repository):
    asked = []

    def credentials(source):
        asked.append(source)
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": "canary",
        }

    source = str(repository[0])
    Sources(tmp_path / "cache", credentials).template("tiny", Entry(source=source))
    assert asked == [source]
    assert not [
        path for path in (tmp_path / "cache").rglob("*") if path.is_file() and b"canary" in path.read_bytes()
    ]


def test_threads_that_fetch_at_once_find_the_same(sources, repository):
    entry, found = Entry(source=str(repository[0])), []
    threads = [
        threading.Thread(target=lambda: found.append(sources.template("tiny", entry))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_package_is_found_and_not_imported(sources, tiny, tmp_path, monkeypatch):
    package = tmp_path / "installed" / "our_templates"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')\n")
    shutil.copytree(tiny.folder, package / "tiny")
    monkeypatch.syspath_prepend(str(package.parent))
    found = sources.template("tiny", Entry(source="package:our_templates/tiny"))
    assert found.folder == package / "tiny"
    assert "our_templates" not in sys.modules
    assert sources.versions("tiny", Entry(source="package:our_templates/tiny")) == (tiny.version,)
    assert (
        sources.template("tiny", Entry(source="package:our_templates", subfolder="tiny")).folder
        == package / "tiny"
    )


@pytest.mark.parametrize(
    "source", ["package:no_such_package/x", "package:os/x", "package:copier/../x", "package:copier//etc", "package:a.b/x", "package:", "package:__main__/x"]
)  # fmt: skip
def test_a_package_that_is_not_there_says_what_to_install(sources, source):
    with pytest.raises(BadInput, match="not found among what is installed"):
        sources.template("tiny", Entry(source=source))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("http://example.org/x.git", "not fetched over http"), ("git://example.org/x", "not fetched over git"),
        ("ext::sh -c x", "no place of a template"), ("-x", "no place"), ("--upload-pack=x", "no place"),
        ("https://eva:secret@example.org/x", "password"), ("https://token@example.org/x", "password"),
        ("relative/path", "Give the whole path|no place"), ("/a\nb", "no place"), ("", "no place"),
    ],
)  # fmt: skip
def test_a_source_of_another_kind_is_refused(sources, source, said):
    with pytest.raises(UsageError, match=said) as raised:
        check_source(source, "")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("subfolder", ["../x", "/etc", "a/../../x", "a\x00b"])
def test_a_subfolder_that_leads_out_is_refused(subfolder):
    with pytest.raises(UsageError, match="leads out of the source"):
        check_source("/srv/templates", subfolder)


def test_addresses_are_repositories_and_folders_only_with_their_own_git(tmp_path, repository):
    for source in ("https://example.org/a.git", "ssh://git@example.org/a", "git@example.org:team/a.git"):
        check_source(source, "")
        assert is_repository(source)
    assert is_repository(str(repository[0]))
    assert not is_repository(str(repository[0] / "build"))
    assert not is_repository("package:copier/x")


def test_an_address_is_not_asked_again_at_once(sources, repository, monkeypatch):
    folder, release, _ = repository
    entry, real = Entry(source="https://example.org/tiny.git"), git_tags.fetch_tags
    asked = []
    monkeypatch.setattr(
        git_tags,
        "fetch_tags",
        lambda mirror, source, environ: asked.append(time.time()) or real(mirror, str(folder)),
    )
    for _ in range(3):
        assert sources.template("tiny", entry).version == "0.9.0"
    assert len(asked) == 1
    release("1.0.0")
    assert sources.template("tiny", entry, "1.0.0").version == "1.0.0"  # one that is not known is asked for
    assert len(asked) == 2
