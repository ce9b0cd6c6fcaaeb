"""A project created, looked at and deleted through the real command line."""

from pathlib import Path

from command import Command


def test_from_create_to_delete(tmp_path: Path) -> None:
    spalje = Command(tmp_path / "workspace", tmp_path)
    words = ("project", "create", "dairy", "--title", "Mjölk", "--approver", "Bo", "--four-eyes", "--json")

    in_the_way = tmp_path / "workspace" / "git" / "dairy-deploy.git"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.touch()  # no repository, and no place for one
    stopped = spalje(*words)
    assert stopped.code == 1
    assert "stopped at: repository dairy-deploy" in stopped.error
    assert "spalje project delete dairy" in stopped.error
    listed = spalje("project", "list")
    assert "unfinished dairy: its creation began on" in " ".join(listed.out.split())

    in_the_way.unlink()
    made = spalje(*words)
    assert (made.code, made.error) == (0, "")  # no terminal, no progress
    project = made.json["project"]
    assert (project["title"], project["approvers"], project["four_eyes"]) == ("Mjölk", ["Bo"], True)
    assert (project["host"], project["template"]) == ("embedded", "forecasting")
    shown = spalje("project", "show", "dairy", COLUMNS="80")
    for word in ("Mjölk", "embedded", f"forecasting {project['template_version']}", "Bo"):
        assert word in shown.out

    unasked = spalje("project", "delete", "dairy")
    assert (unasked.code, "--yes" in unasked.error) == (2, True)
    doomed = spalje("project", "delete", "dairy", "--dry-run", "--json").json
    assert (doomed["deleted"], [one["commits"] for one in doomed["what"]["repositories"]]) == (False, [1, 1])
    assert Path(project["build_repository"]).is_dir()
    gone = spalje("project", "delete", "dairy", "--yes")
    assert (gone.code, "Project dairy is deleted" in gone.out) == (0, True)
    assert list(in_the_way.parent.glob("dairy*")) == []
