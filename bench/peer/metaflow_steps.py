"""Metaflow's side of the overhead benchmark: its local store, a process for each step."""

import os
import sys
from pathlib import Path

STEP = """
    @step
    def {name}(self):
        self.data = {data}
        {then}
"""


def flow(steps: int) -> str:
    """The text of a flow of so many steps; Metaflow wants them written out."""
    names = ["start", *(f"step{number}" for number in range(1, steps - 1)), "end"]
    text = "from metaflow import FlowSpec, step\n\n\nclass Linear(FlowSpec):"
    for name, following in zip(names, [*names[1:], None], strict=True):
        data = "self.data" if name != "start" else "bytes(1024)"
        text += STEP.format(
            name=name, data=data, then=f"self.next(self.{following})" if following else "pass"
        )
    return text + '\n\nif __name__ == "__main__":\n    Linear()\n'


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    if sys.argv[1] == "prepare":
        for steps in (8, 24):
            (folder / f"linear{steps}.py").write_text(flow(steps))
    else:
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, f"linear{sys.argv[3]}.py", "--quiet", "run"])
