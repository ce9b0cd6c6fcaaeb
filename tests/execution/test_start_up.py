"""What a command loads before it does anything: an orchestrator starts one for each step."""

import subprocess
import sys

#: What only some steps need, and takes long to load.
HEAVY = ("alembic", "numpy", "polars", "pyarrow", "sqlalchemy.orm", "spalje.execution.pinning")


def test_executing_a_step_loads_no_tables():
    program = (
        "import sys; import spalje.cli.step; print([name for name in sys.argv[1:] if name in sys.modules])"
    )
    words = [sys.executable, "-c", program, *HEAVY]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip() == "[]"
