"""A program of the main environment: makes the lemonade project with an approved model, for tests of DAGs inside Airflow."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
sys.path.insert(0, str(Path(__file__).parents[1] / "journeys"))

import replay_project

from spalje.execution.start import Order
from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.outline import OUTLINE, written
from spalje.registry.approval import decide
from spalje.registry.version import VersionStatus
from spalje.workspace import now


def main(folder: Path) -> None:
    """Make it: ``workspace``, ``deploy`` with its outline, and ``spoiled``: while it is there, prices are a hundredfold.

    lemonade/1 learned until July 2024 and serves; a decision to retrain starts a build by itself.
    """
    folder.mkdir(parents=True)
    week = replay_project.DEPLOY["src/week.py"]
    at = "rows = sales("
    spoil = f"""
        from pathlib import Path

        import pyarrow as pa
        import pyarrow.compute as pc

        spoiled = Path("{folder / "spoiled"}").exists()
        rows = sales("""
    assert week.count(at) == 1
    end = "        pq.write_table("
    changed = '        if spoiled:\n            rows = rows.set_column(2, "price", pc.multiply(rows["price"], 100.0))\n'
    replay_project.DEPLOY["src/week.py"] = week.replace(f"        {at}", spoil.lstrip("\n")).replace(
        end, changed + end
    )
    workspace = replay_project.create(folder, retrain="auto")
    deploy = folder / "deploy"
    (deploy / OUTLINE).parent.mkdir()
    (deploy / OUTLINE).write_text(
        written(compile_recipe(deploy, (sys.executable,)).values()), encoding="utf-8"
    )
    build = workspace.starter.start(Order("lemonade", "build", "tests", {"today": "2024-07-01"}))
    workspace.execute(build)
    version, project = (
        workspace.metadata.versions.get("lemonade", 1),
        workspace.metadata.projects.get("lemonade"),
    )
    approval = decide(version, VersionStatus.APPROVED, "Eva", "It is the first.", now(), project=project)
    workspace.metadata.versions.decide("lemonade", 1, version, approval)
    workspace.metadata.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
