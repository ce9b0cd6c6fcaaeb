"""What tests of more than one package share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

# two test processes on two cores, each with threads that wait by spinning, take ten times as long
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import pytest

from spalje.storage.metadata import Metadata, open_metadata

sys.path.insert(0, str(Path(__file__).parent))

from recorder import Recorder

#: Programs, which are run and not imported.
collect_ignore = ["git_host_doubles/reduce.py", "stand_in_engine.py"]


@pytest.fixture(params=["sqlite"])
def metadata(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Metadata]:
    """Real metadata, empty; one for each kind of database."""
    urls = {"sqlite": f"sqlite:///{tmp_path / 'metadata.db'}"}
    opened = open_metadata(urls[request.param])
    yield opened
    opened.close()


@pytest.fixture
def record(metadata: Metadata) -> Recorder:
    """Real metadata with one project, ``fresh``, in it."""
    recorder = Recorder(metadata)
    recorder.project()
    return recorder
