"""A program of the main environment: makes a workspace with a project, versions and a run, for tests inside Airflow."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from recorder import Recorder, new_version

from spalje.workspace import Workspace


def main(folder: Path) -> None:
    """Make it.

    ``fresh`` has an approved version 1 and a pending version 2, which was compared with it and explained. Eva and Bo
    may decide; Ann, who wrote the commits, may not approve.
    """
    workspace = Workspace.create(folder)
    record = Recorder(workspace.metadata)
    record.project("fresh", approvers=("Eva", "Bo", "Ann Ek <ann@shop.example>"), four_eyes=True)
    record.approved("fresh", metrics={"rmse": 0.52, "rows": 12.0})
    shap = {"kernel_shap": {"label0": {"global_shap_values": {"price|net": 0.75, "weekday": -0.25}}}}
    attribution = put(workspace, "analysis.json", {"explanations": shap})
    comparison = {
        "outcome": "better",
        "summary": "Version 2 is better than version 1 on the same rows.",
        "metrics": {"rmse": [0.5, 0.4]},
    }
    report = put(workspace, "comparison.json", comparison)
    run = record.run(steps=(("compare", "compare"), ("register", "register")))
    record.succeed(run, "compare", outputs={"report": report})
    content = new_version(
        run.id, metrics={"rmse": 0.4, "rows": 12.0}, own_baselines={"attribution": attribution}
    )
    record.succeed(run, "register", effects=[content])


def named(folder: Path, project: str) -> Path:
    """A workspace with a project and nothing in it."""
    workspace = Workspace.create(folder)
    Recorder(workspace.metadata).project(project)
    return folder


def put(workspace: Workspace, name: str, document: object) -> str:
    """Store a document as an artifact, and give its digest."""
    folder = workspace.artifacts.scratch()
    (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return workspace.artifacts.put(folder, "folder").digest


if __name__ == "__main__":
    main(Path(sys.argv[1]))
