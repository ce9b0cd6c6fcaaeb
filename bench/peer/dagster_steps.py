"""Dagster's side of the overhead benchmark: a job in this process, outputs and events on disk."""

import os
import sys
from pathlib import Path

from dagster import DagsterInstance, fs_io_manager, job, op


def prepare(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "home" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")


def run(folder: Path, steps: int) -> None:
    os.environ["DAGSTER_HOME"] = str(folder / "home")

    @op
    def begin() -> bytes:
        return bytes(1024)

    @op
    def hand_on(data: bytes) -> bytes:
        return data

    @job(resource_defs={"io_manager": fs_io_manager})
    def linear():
        data = begin()
        for number in range(1, steps):
            data = hand_on.alias(f"step{number}")(data)

    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    with DagsterInstance.get() as instance:
        assert linear.execute_in_process(instance=instance, run_config=quiet).success


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]))
    else:
        run(Path(sys.argv[2]), int(sys.argv[3]))
