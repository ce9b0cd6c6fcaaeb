"""The environment that ``make demo`` makes: what ``requirements.lock`` lists, without what only the tests need."""

import atexit
import re
import shutil
import sys
import sysconfig
import tempfile
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"


@cache
def python() -> Path:
    """Its Python, made once for all tests of a process."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make(Path(folder))


def make(folder: Path) -> Path:
    """Make it of what is installed here, by links; its Python."""
    listed = set(re.findall(r"^([a-z0-9-]+)==", LOCK.read_text(), re.MULTILINE)) | {"spalje"}
    here, there = (
        Path(sysconfig.get_path("purelib", vars=variables))
        for variables in ({}, {"base": str(folder), "platbase": str(folder)})
    )
    there.mkdir(parents=True)
    for each in distributions(path=[str(here)]):
        if re.sub(r"[-_.]+", "-", each.name).lower() in listed:
            record = each.read_text("RECORD") or ""
            for name in {line.split("/", 1)[0].split(",", 1)[0] for line in record.splitlines()}:
                if name not in ("..", "__pycache__") and not (there / name).exists():
                    (there / name).symlink_to(here / name)
    (folder / "pyvenv.cfg").write_text(
        f"home = {Path(sys.base_prefix) / 'bin'}\ninclude-system-site-packages = false\n"
    )
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(Path(sys.executable).resolve())
    return python
