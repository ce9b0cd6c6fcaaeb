"""Airflow's Python: an environment beside ours, in which Airflow's side of Spaljé is found out about and started."""

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from spalje import __version__
from spalje.errors import BadInput, UsageError
from spalje.model.program import Python
from spalje.project.template_check.program import run

#: The variable that says where Airflow's Python is.
VARIABLE = "SPALJE_AIRFLOW_PYTHON"
#: Variables that would make another Python of it.
_OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class AirflowPython:
    """A Python in whose environment Airflow is.

    Attributes:
        executable: the interpreter.
        here: whether Airflow's own configuration is used; else an empty one, made for the moment.
    """

    executable: Path
    here: bool = False

    @classmethod
    def find(cls, given: Path | None = None, *, here: bool = False) -> "AirflowPython":
        """The one given, else SPALJE_AIRFLOW_PYTHON, else that of the command ``airflow``, else ours.

        Args:
            given: an interpreter.
            here: see the class.

        Raises:
            UsageError: there is none, or what is given is none.
        """
        told = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
        if told is not None:
            told = told.expanduser().absolute()
            if not (told.is_file() and os.access(told, os.X_OK)):
                raise UsageError(
                    f"{told} is no Python: there is no such program.",
                    do="Name the interpreter of Airflow's environment, for example /opt/airflow/bin/python.",
                )
            return cls(told, here)
        command = shutil.which("airflow")
        if command and (beside := Path(command).resolve().parent / "python").is_file():
            return cls(beside, here)
        if find_spec("airflow.sdk") if find_spec("airflow") else None:
            return cls(Path(sys.executable), here)
        raise UsageError(
            "Airflow's Python was not found: there is no command `airflow`, and Airflow is not beside Spaljé.",
            do=f"Say where it is: --airflow-python /opt/airflow/bin/python, or the variable {VARIABLE}.",
        )

    def report(
        self, module: str, *words: str, timeout_s: float = 600.0, environ: Mapping[str, str] | None = None
    ) -> bytes:
        """What a program of ``spalje.airflow`` reports.

        Args:
            module: the program, as ``spalje.airflow.check``.
            words: its words; it is told ``--report`` beside them.
            timeout_s: how long it may take, seconds.
            environ: variables beside those of this process.

        Raises:
            BadInput: it failed; says what is missing in Airflow's environment, if that is it.
        """
        with tempfile.TemporaryDirectory(prefix="spalje-airflow-", ignore_cleanup_errors=True) as home:
            file = Path(home) / "report.json"
            python = Python(str(self.executable), {**self._environ(Path(home)), **(environ or {})})
            told = ["-P", "-m", module, *words, "--report", str(file)]
            ended = run(python, told, Path(home), timeout_s=timeout_s)
            if ended.code == 0 and file.is_file():
                return file.read_bytes()
        raise self._failed(ended.log)

    def _environ(self, home: Path) -> Mapping[str, str]:
        if self.here:
            return {name: value for name, value in os.environ.items() if name not in _OURS}
        kept = {
            name: v for name, v in os.environ.items() if name not in _OURS and not name.startswith("AIRFLOW")
        }
        return {
            **kept,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }

    def _failed(self, log: str) -> BadInput:
        missing = {
            "No module named 'spalje'": f"{self.executable} -m pip install --no-deps spalje=={__version__}",
            "No module named 'airflow'": "name the Python of an environment with apache-airflow 3.3",
        }
        for said, do in missing.items():
            if said in log:
                return BadInput(f"{self.executable} does not do: {said}.", do=f"{do[0].upper()}{do[1:]}.")
        return BadInput(
            f"Airflow in {self.executable} could not be asked.\n{log}",
            do="Correct what it says above; Spaljé works with Airflow 3.3.",
        )
