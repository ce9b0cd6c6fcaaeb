"""A template gets a newer version, and projects get it too: through the real command line, real Git, real processes."""

import shutil
import subprocess
from dataclasses import replace

import pytest
from template_place import ADA, TemplatePlace, edited, run

from spalje.project import git
from spalje.project.creation.first_commit import ROLES

BRANCH = "spalje/update-1.1.0"


@pytest.fixture
def place(tmp_path):
    place = TemplatePlace(tmp_path)
    place.project()
    return place


def newer(place):
    place.version(
        "1.1.0",
        {"build/pipeline.py": edited(3, "template"), "deploy/new.md": "new\n"},
        changelog="# Changes\n\n## 1.1.0\n\n- Faster.\n",
        questions="season: {type: str, default: weekday, choices: [weekday, month]}\n",
    )


def test_a_team_gets_an_update_settles_its_conflict_and_is_up_to_date(place):
    spalje = place.spalje
    place.commit({"pipeline.py": edited(3, "ours"), "src/train.py": "business logic\n"})
    newer(place)

    behind = spalje("project", "status", COLUMNS="80")
    assert behind.code == 0
    assert behind.out.splitlines()[1].split() == ["fresh", "tiny", "1.0.0", "1.0.0", "1.1.0", "1"]
    assert behind.out.splitlines()[-1] == "1 of 1 behind. Next: spalje project update fresh"

    tried = spalje("project", "update", "fresh", "--dry-run", COLUMNS="80")
    assert tried.code == 4
    assert tried.out.count("would be proposed") == 2
    assert "pipeline.py          changed  6  0" in tried.out
    assert BRANCH not in run(place.bare(), "branch")

    said = spalje("project", "update", "fresh", "--answer", "season=month", "--json", SPALJE_USER=ADA)
    assert said.code == 4
    build, deploy = said.json["repositories"]
    assert (build["outcome"], build["conflicts"], deploy["conflicts"]) == ("proposed", 1, 0)
    assert build["answered"] == {"season": "month"}

    (row,) = spalje("project", "status", "--json").json
    assert [one["update"]["conflicts"] for one in row["repositories"]] == [1, 0]

    place.commit({"pipeline.py": edited(3, "both")}, branch=BRANCH)
    again = spalje("project", "update", "fresh")
    assert again.code == 0
    assert "Bo Ek <bo@example.org> has added commits" in again.out

    for role in ROLES:
        place.merge(BRANCH, role=role, squash=role == "deploy")
    assert place.files("main")["pipeline.py"] == edited(3, "both")
    assert place.files("main")["src/train.py"] == "business logic\n"
    back = spalje("project", "update", "fresh", "--to", "1.0.0")
    assert (back.code, "main is at tiny 1.1.0, which is newer than 1.0.0" in back.error) == (4, True)
    (row,) = spalje("project", "status", "fresh", "--json").json
    assert (row["behind"], [one["version"] for one in row["repositories"]]) == (0, ["1.1.0", "1.1.0"])


def grow(place, names):
    """As many projects as there are names, each as if it had been created: copies that say their own name."""
    files = {role: place.files("main", role=role)[".copier-answers.yml"] for role in ROLES}
    known = place.workspace.metadata.projects.get("fresh")
    for name in names:
        for role in ROLES:
            shutil.copytree(place.bare("fresh", role), place.bare(name, role))
            said = files[role].replace('"fresh"', f'"{name}"').encode()
            stream = b"commit refs/heads/main\ncommitter Bo <bo@example.org> 0 +0000\ndata 5\nGrow\n\nfrom refs/heads/main^0\n"
            stream += b"M 100644 inline .copier-answers.yml\ndata %d\n%b\n" % (len(said), said)
            subprocess.run(
                ["git", "fast-import", "--quiet"],
                cwd=place.bare(name, role),
                input=stream,
                check=True,
                timeout=60,
            )
        place.workspace.metadata.projects.create(
            replace(
                known,
                name=name,
                build_repository=str(place.bare(name, "build")),
                deploy_repository=str(place.bare(name, "deploy")),
            )
        )


def test_fifty_projects_at_once_and_one_that_is_broken_stops_no_other(place):
    names = [f"project-{number:02}" for number in range(49)]
    grow(place, names)
    place.commit({"pipeline.py": edited(3, "ours")}, "project-07")
    place.commit({".copier-answers.yml": "template: other\n"}, "project-13")
    place.commit({"mine": "mine\n"}, "project-21", branch=BRANCH, start="main")
    newer(place)
    said = place.spalje("template", "rollout", "tiny", "--to", "1.1.0", "--json", SPALJE_USER=ADA)
    assert said.code == 1
    assert said.json["counts"] == {"failed": 2, "conflicts": 1, "proposed": 47}
    found = {one["project"]: one for one in said.json["projects"]}
    assert list(found) == sorted(["fresh", *names])
    assert found["project-07"]["outcome"] == "conflicts"
    assert "says template: 'other'" in found["project-13"]["repositories"][0]["said"]
    assert found["project-13"]["repositories"][1]["outcome"] == "proposed"
    assert "not Spaljé's" in found["project-21"]["repositories"][0]["said"]
    assert place.files(BRANCH, "project-30")["pipeline.py"] == edited(3, "template")

    tips = {name: git.resolve(place.bare(name, "deploy"), BRANCH) for name in names}
    again = place.spalje("template", "rollout", "tiny", SPALJE_USER=ADA, COLUMNS="80")
    assert again.code == 1
    assert "tiny 1.1.0: 2 failed, 1 with conflicts, 47 proposed before, up to date" in again.out
    assert max(len(line) for line in again.out.splitlines()) <= 80
    assert {name: git.resolve(place.bare(name, "deploy"), BRANCH) for name in names} == tips


def test_what_an_update_pushes_is_queued_once(tmp_path):
    """By whoever updates, and not by the repository's hook as well."""
    place = TemplatePlace(tmp_path, announced=True)
    place.project()
    newer(place)
    assert place.spalje("project", "update", "fresh").code == 0
    jobs = place.spalje("ci", "list", "--json").json
    assert sorted((job["repository"], job["what"], job["branch"]) for job in jobs) == [
        (role, "tests", BRANCH) for role in ROLES
    ]
    for job in jobs:
        ended = place.spalje("ci", "watch", str(job["sequence"]))
        assert (ended.code, "spalje.toml" in ended.out) == (1, True)  # the tiny template has no project file
