"""The program that runs containers: Docker or Podman, whichever answers."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

from spalje.errors import BadInput
from spalje.execution.environment.passed_on import TO_TOOLS, passed_on, proxies

#: Names the program to use.
VARIABLE = "SPALJE_CONTAINER_PROGRAM"
#: Tried in this order where the variable is not set.
KNOWN = ("podman", "docker")

#: Seconds that the program may take to say what it is, or to end a container.
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class ContainerEngine:
    """A program that answers as ``docker`` and ``podman`` do.

    Attributes:
        program: its path.
        podman: whether it is Podman.
        rootless: whether its containers' root is the user who runs it.
    """

    program: str
    podman: bool
    rootless: bool

    @property
    def person(self) -> tuple[str, ...]:
        """Options by which a container runs as the user who starts it, so that files are that user's."""
        if self.rootless:
            return ("--userns=keep-id",) if self.podman else ("--user=0:0",)
        return (f"--user={os.getuid()}:{os.getgid()}",)

    def call(self, *words: str, timeout_s: float | None = PATIENCE_S) -> "subprocess.CompletedProcess[str]":
        """Run the program to its end; one that takes too long counts as failed."""
        try:
            return subprocess.run(
                [self.program, *words],
                env=variables(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, 1, "", f"it did not answer within {timeout_s} s")

    def has(self, image: str) -> bool:
        """Whether there is such an image."""
        return self.call("image", "inspect", "--format", "{{.Id}}", image).returncode == 0

    def size(self, image: str) -> int:
        """The bytes of an image; 0 where the program does not say."""
        said = self.call("image", "inspect", "--format", "{{.Size}}", image).stdout.strip()
        return int(said) if said.isdigit() else 0

    def remove(self, image: str) -> bool:
        """Remove an image; False while a container uses it."""
        return not self.has(image) or self.call("image", "rm", image).returncode == 0

    def ending(self, container: str) -> tuple[str, ...]:
        """The words that kill a container and remove it, if it is there."""
        at_once = ("--time=0",) if self.podman else ()  # Docker does not wait
        return (self.program, "rm", "--force", *at_once, container)

    def end(self, container: str) -> None:
        """Kill a container and remove it, if it is there."""
        self.call(*self.ending(container)[1:])


def engine() -> ContainerEngine:
    """The program to use.

    Raises:
        BadInput: none answers; says what each said.
    """
    return _engine(os.environ.get(VARIABLE, ""), os.environ.get("PATH", ""))


@cache
def _engine(named: str, path: str) -> ContainerEngine:
    said = []
    for name in [named] if named else KNOWN:
        program = shutil.which(name, path=path)
        if program is None:
            said.append(f"there is no program '{name}'")
            continue
        answer = ContainerEngine(program, podman=False, rootless=False).call("info", "--format", "{{json .}}")
        try:
            return _understood(program, json.loads(answer.stdout))
        except (ValueError, KeyError, TypeError, AttributeError):
            lines = (answer.stderr or answer.stdout).strip().splitlines()
            said.append(f"{name} answers: {lines[-1].strip() if lines else 'nothing'}")
    raise BadInput(
        f"The environment 'container' needs Docker or Podman: {'; '.join(said)}.",
        do=f"Install and start one of them, or name the program in {VARIABLE}; "
        'or set environment = "uv" in spalje.toml.',
    )


def _understood(program: str, info: dict[str, object]) -> ContainerEngine:
    host = info.get("host")
    if isinstance(host, dict):
        return ContainerEngine(program, podman=True, rootless=bool(host["security"]["rootless"]))
    if not info.get("ServerVersion"):  # `docker info` says what the client knows when no server answers
        raise ValueError("no server")
    options = info.get("SecurityOptions")
    rootless = isinstance(options, list) and any("name=rootless" in str(option) for option in options)
    return ContainerEngine(program, podman=False, rootless=rootless)


def variables(*, building: bool = False) -> dict[str, str]:
    """What the program may see of our variables; the way to the network only while an image is built.

    Podman would hand proxies on to the containers, and they may hold passwords.
    """
    prefixes = ("DOCKER_", "CONTAINER_", "CONTAINERS_", "BUILDAH_", "BUILDKIT_", "STORAGE_", "REGISTRY_AUTH_")
    return passed_on((*TO_TOOLS, "DBUS_SESSION_BUS_ADDRESS"), prefixes) | (proxies() if building else {})
