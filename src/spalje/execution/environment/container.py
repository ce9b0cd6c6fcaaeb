"""``container``: users' scripts run in a container, in an image made by the repository's Dockerfile."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from spalje.errors import BadInput, StepFailed
from spalje.execution.environment.build_context import BuildContext
from spalje.execution.environment.container_engine import ContainerEngine, engine, variables
from spalje.execution.environment.passed_on import passed_on
from spalje.execution.environment.store import EnvironmentStore
from spalje.fingerprint import fingerprint
from spalje.model.program import Command, Ended, Program
from spalje.pipeline.project_file import PROJECT_FILE, ContainerTable, read

#: The program that the container begins with.
ENTRY = Path(__file__).with_name("container_entry.py")

#: So many of the build's last lines an error carries.
LAST_LINES = 30

#: Variables of ours that mean something in a container as well.
_PASSED_ON = ("TZ", "OMP_NUM_THREADS", "OMP_WAIT_POLICY")


@dataclass(frozen=True, slots=True)
class ContainerEnvironment:
    """An image, and how containers of it are started.

    Attributes:
        lock: see ``Environment``: everything that the image is made of, and the network it gets.
        context: what the image is made of.
        store: where it is written down that the image was made.
        project: whose repository it is.
        options: the repository's ``[environment.container]``.
        dev: whether the image is built with ``DEV=1``.
    """

    lock: str
    context: BuildContext
    store: EnvironmentStore
    project: str
    options: ContainerTable
    dev: bool
    name: str = "container"
    here: bool = False

    @classmethod
    def open(cls, repository: Path, folder: Path, *, dev: bool) -> "ContainerEnvironment":
        """The environment of a checked-out repository; see ``resolve``.

        Raises:
            BadInput: it has no Dockerfile.
        """
        file = read(repository / PROJECT_FILE)
        options = file.environment.container
        context = BuildContext.of(repository, options.dockerfile)
        lock = fingerprint({"image": context.digest, "dev": dev, "network": options.network})
        return cls(lock, context, EnvironmentStore(folder), file.project.name, options, dev)

    @property
    def key(self) -> str:
        """What it is called in the store."""
        return self.lock[:16]

    @property
    def image(self) -> str:
        """What its image is called."""
        return f"localhost/spalje-environment:{self.lock[:32]}"

    def make(self, say: Callable[[str], None]) -> None:
        """See ``Environment``."""
        found = engine()
        if self.store.made(self.key) is not None:
            if found.has(self.image):
                return
            self.store.discard(self.key)  # somebody removed the image
        say(f"{Path(found.program).name} builds the image {self.image} from {self.context.dockerfile}")
        self.store.make(self.key, "container", partial(self._build, found))

    @contextmanager
    def command(self, program: Program) -> Iterator[Command]:
        """See ``Environment``."""
        found = engine()
        with self.store.used(self.key, self.project, partial(self.make, lambda _: None)):
            place = program.writes[0] if program.writes else None
            control = Path(tempfile.mkdtemp(prefix=".container-", dir=place))
            try:
                yield self._command(found, program, control)
            finally:
                shutil.rmtree(control, ignore_errors=True)

    def by_hand(self, program: Program) -> tuple[str, ...]:
        """See ``Environment``."""
        try:
            found = engine()
        except BadInput:  # what would be done can be said without it
            found = ContainerEngine("podman", podman=True, rootless=False)
        there = ("--interactive", "--tty", *self._options(found, program))
        return (found.program, "run", *there, self.image, *program.words)

    def _command(self, found: ContainerEngine, program: Program, control: Path) -> Command:
        name = f"spalje-{uuid4().hex}"
        order = {
            "words": program.words,
            "folder": str(program.folder),
            "environ": {
                "OMP_WAIT_POLICY": "PASSIVE",
                **passed_on(_PASSED_ON),
                "HOME": str(control),
                "PYTHONUNBUFFERED": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONHASHSEED": "0",
                **program.environ,
            },
        }
        (control / "order.json").write_text(json.dumps(order), encoding="utf-8")
        whole = replace(program, reads=(*program.reads, ENTRY), writes=(*program.writes, control))
        words = (
            found.program,
            "run",
            f"--name={name}",
            "--interactive",
            "--log-driver=none",  # what a model is sent and answers goes through standard input and output
            *self._options(found, whole),
            self.image,
            "-P",
            str(ENTRY),
            str(control),
        )

        def ended(how: Ended) -> Ended:
            said = _said(control)
            if said is None:
                found.end(name)  # the program that we started is gone, the container perhaps not
            return _translated(how, said)

        return Command(words, control, variables(), found.ending(name), ended)

    def _options(self, found: ContainerEngine, program: Program) -> Iterator[str]:
        yield "--rm"
        yield "--pull=never"
        yield from found.person
        yield f"--network={self.options.network}"
        yield "--cap-drop=all"
        yield "--security-opt=no-new-privileges"
        yield "--security-opt=label=disable"  # else SELinux keeps a container from folders of the host
        if self.options.memory_gib is not None:
            yield f"--memory={int(self.options.memory_gib * 1024)}m"
        if self.options.cpus is not None:
            yield f"--cpus={self.options.cpus:g}"
        yield f"--workdir={program.folder}"
        yield "--entrypoint=python"
        yield from mounts(program)

    def _build(self, found: ContainerEngine, _home: Path, lock: int) -> dict[str, Any]:
        log = self.store.log(self.key)
        with tempfile.TemporaryDirectory(prefix="spalje-") as folder, log.open("wb") as printed:
            self.context.copy(Path(folder))
            words = [
                found.program,
                "build",
                f"--tag={self.image}",
                f"--label=spalje.environment={self.key}",
                f"--file={Path(folder) / self.context.dockerfile}",
                *(["--build-arg=DEV=1"] if self.dev else []),
                folder,
            ]
            code = subprocess.run(
                words,
                env=variables(building=True),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),  # if we are killed, nobody else begins before the build has ended
                check=False,
            ).returncode
        if code != 0:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            last = next((line.strip() for line in reversed(lines) if line.strip()), "It said nothing.")
            raise StepFailed(
                f"The image could not be built from {self.context.dockerfile} (exit code {code}): {last}",
                log="\n".join(lines[-LAST_LINES:]),
                do=f"Everything that the build said is in {log}; mend the Dockerfile, commit and push.",
            )
        return {"size": found.size(self.image), "image": self.image}


def mounts(program: Program) -> Iterator[str]:
    """The options by which a container sees a program's folders, at their own paths, and no others.

    Raises:
        BadInput: a path has a comma or a quotation mark in it.

    Example:
        >>> list(mounts(Program((), Path("/"), reads=(Path("/a/b"), Path("/a/b/c")), writes=(Path("/w"),))))
        ['--mount=type=bind,source=/w,target=/w', '--mount=type=bind,source=/a/b,target=/a/b,readonly']
    """
    writes = _outermost([path.absolute() for path in program.writes])
    reads = _outermost([path.absolute() for path in program.reads])
    inside = [path for path in reads if not any(path.is_relative_to(place) for place in writes)]
    for path, ending in (*((path, "") for path in writes), *((path, ",readonly") for path in inside)):
        if any(letter in str(path) for letter in ',"\n'):
            raise BadInput(
                f"A container cannot be shown {str(path)!r}: its path has a comma or a quotation mark.",
                do="Move the workspace to a folder with a plain name.",
            )
        yield f"--mount=type=bind,source={path},target={path}{ending}"


def _outermost(paths: list[Path]) -> list[Path]:
    """Paths without those that are inside others, each once."""
    once = dict.fromkeys(paths)
    return [path for path in once if not any(path != other and path.is_relative_to(other) for other in once)]


def _said(control: Path) -> dict[str, Any] | None:
    """How the container's first program says that the user's ended; None when it did not come to that."""
    try:
        return dict(json.loads((control / "ended.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _translated(how: Ended, said: dict[str, Any] | None) -> Ended:
    """What is known of the user's program; of one that was killed with its container not what it took."""
    if said is not None:
        code, cpu_s, peak_mib = int(said["code"]), float(said["cpu_s"]), float(said["peak_mib"])
        return replace(how, code=code, cpu_s=cpu_s, peak_mib=peak_mib)
    code = 128 - how.code if 128 < how.code < 128 + 65 else how.code
    return replace(how, code=code, cpu_s=0.0, peak_mib=0.0)
