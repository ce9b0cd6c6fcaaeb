"""A program of the main environment: makes a small project with a recorded run, for tests of operators inside Airflow."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

import small_project

from spalje.execution.start import Order
from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.outline import OUTLINE, written

FILES = {
    "pipeline.py": """
        from spalje.pipeline import Evaluate, Input, Parameter, Pipeline, Process

        raw = Input("raw", kind="folder")
        factor = Parameter("factor", type="integer", default=1, help="How often the rows are taken.")
        make = Process("make", script="src/make.py", inputs={"raw": raw}, outputs={"rows": "table"}, parameters={"factor": factor})
        one = Pipeline("one", steps=[make])

        evaluate = Evaluate("evaluate", script="src/evaluate.py", predictions=make["rows"])
        tell = Process("tell", script="src/double.py", inputs={"rows": make["rows"]}, outputs={"out": "folder"}, when=evaluate.metric("rmse") < 0.1)
        after = Process("after", script="src/double.py", inputs={"rows": tell["out"]}, outputs={"out": "folder"})
        several = Pipeline("several", steps=[make, evaluate, tell, after])
    """,
    "src/make.py": """
        import os
        import subprocess
        import sys
        import time
        from pathlib import Path

        from options import folder, options

        switch = Path("{switch}")
        how = (switch / "how").read_text() if (switch / "how").is_file() else ""
        if how.startswith("fail once"):
            (switch / "how").unlink()
        if how.endswith("talk"):
            print("x" * 200_000)
        if how.startswith("fail"):
            print("no rows today")
            raise SystemExit(3)
        if how == "slow":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
            print("slowly", flush=True)
            (switch / "begun").write_text(f"{{os.getpid()}} {{child.pid}}")
            time.sleep(100)
        print("all is well")
        for part in range(int(options["factor"])):
            (folder("rows") / f"part-{{part}}.parquet").write_bytes((folder("raw") / "rows.parquet").read_bytes())
    """,
    "src/program.py": """
        import os
        import sys
        from pathlib import Path

        options = dict(word.removeprefix("--").split("=", 1) for word in sys.argv[1:])
        out = Path(options["out"])
        (out / "words").write_text("\\n".join(sys.argv[1:]))
        (out / "environ").write_text("\\n".join(os.environ))
        if options.get("fail") == "true":
            raise SystemExit(7)
    """,
}


def main(folder: Path) -> None:
    """Make it: ``workspace``, ``clone``, ``raw``, and ``switch``, by which a script is told what to do.

    The run small/one/1 is recorded, and nothing of it executed.
    """
    (folder / "switch").mkdir(parents=True)
    files = {name: text for name, text in FILES.items() if name != "src/make.py"}
    files["src/make.py"] = FILES["src/make.py"].format(switch=folder / "switch")
    workspace = small_project.create(folder, files)
    clone = folder / "clone"
    (clone / OUTLINE).parent.mkdir()
    (clone / OUTLINE).write_text(written(compile_recipe(clone, (sys.executable,)).values()), encoding="utf-8")
    order = Order("small", "one", "tests", {}, {"raw": str(folder / "raw")}, key="tests/1")
    workspace.orchestration.record(order, claim=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
