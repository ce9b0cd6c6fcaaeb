"""Kedro's side of the overhead benchmark: used as a library, every step's output a file."""

import sys
from pathlib import Path

from kedro.io import AbstractDataset, DataCatalog
from kedro.pipeline import node, pipeline
from kedro.runner import SequentialRunner


class BytesFile(AbstractDataset):
    """A file of bytes."""

    def __init__(self, path: Path):
        self._path = path

    def load(self) -> bytes:
        return self._path.read_bytes()

    def save(self, data: bytes) -> None:
        self._path.write_bytes(data)

    def _describe(self):
        return {"path": str(self._path)}


def begin() -> bytes:
    return bytes(1024)


def hand_on(data: bytes) -> bytes:
    return data


def run(folder: Path, steps: int) -> None:
    nodes = [node(begin, None, "data0", name="step0")]
    nodes += [node(hand_on, f"data{n - 1}", f"data{n}", name=f"step{n}") for n in range(1, steps)]
    catalog = DataCatalog({f"data{n}": BytesFile(folder / f"data{n}") for n in range(steps)})
    SequentialRunner().run(pipeline(nodes), catalog)
    assert (folder / f"data{steps - 1}").stat().st_size == 1024


if __name__ == "__main__" and sys.argv[1] == "run":
    run(Path(sys.argv[2]), int(sys.argv[3]))
