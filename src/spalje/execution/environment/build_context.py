"""What an image is made of: the Dockerfile, and those files of the repository that it copies.

Only these are shown to the build, and their digest names the image: a file that it does not read changes nothing,
and a file that it reads cannot change unnoticed.
"""

import hashlib
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spalje.errors import BadInput
from spalje.fingerprint import fingerprint

#: What builds read beside what they copy.
ALWAYS = (".dockerignore", ".containerignore", "pyproject.toml", "uv.lock", ".python-version")


@dataclass(frozen=True, slots=True)
class BuildContext:
    """The files that an image is made of.

    Attributes:
        repository: where they are.
        dockerfile: which of them says how.
        files: all of them, relative to the repository, sorted.
    """

    repository: Path
    dockerfile: str
    files: tuple[str, ...]

    @classmethod
    def of(cls, repository: Path, dockerfile: str) -> "BuildContext":
        """What a Dockerfile reads.

        Raises:
            BadInput: there is no such file in the repository.
        """
        top = repository.resolve()
        path = (top / dockerfile).resolve()
        if not path.is_relative_to(top) or not path.is_file():
            raise BadInput(
                f"The environment 'container' is made by {dockerfile}, which is no file of the repository.",
                do='Write it and commit it, or set environment = "current" or "uv" in spalje.toml.',
            )
        named = sources(path.read_text(encoding="utf-8"))
        found = {dockerfile, *(name for name in ALWAYS if (top / name).is_file())}
        for name in named:
            found.update(_files(top, name))
        return cls(top, dockerfile, tuple(sorted(found)))

    @property
    def digest(self) -> str:
        """SHA-256 of names, contents and whether they are executable."""
        return fingerprint(
            {
                name: [
                    hashlib.sha256((self.repository / name).read_bytes()).hexdigest(),
                    bool((self.repository / name).stat().st_mode & 0o100),
                ]
                for name in self.files
            }
        )

    def copy(self, folder: Path) -> None:
        """Copy the files to where the build may see them."""
        for name in self.files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.repository / name, target)


def sources(dockerfile: str) -> tuple[str, ...]:
    r"""What a Dockerfile's ``COPY``, ``ADD`` and ``RUN --mount=type=bind`` take from the repository.

    Example:
        >>> sources("FROM x AS y\nCOPY --chown=1:1 uv.lock \\\n  pyproject.toml ./\nCOPY --from=y /a /b")
        ('uv.lock', 'pyproject.toml')
        >>> sources("RUN --mount=type=bind,source=uv.lock,target=uv.lock uv sync\nADD https://x/y .")
        ('uv.lock',)
    """
    lines = [line for line in dockerfile.splitlines() if not re.match(r"\s*#", line)]
    found: list[str] = []
    for line in re.sub(r"[\\`][ \t]*\n", " ", "\n".join(lines)).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction.upper() in ("COPY", "ADD"):
            found.extend(_copied(rest))
        elif instruction.upper() == "RUN":
            found.extend(_mounted(rest))
    return tuple(dict.fromkeys(found))


def _copied(rest: str) -> Iterator[str]:
    options = re.match(r"\s*(?:--\S+\s+)*", rest)
    given = options[0] if options else ""
    if "--from=" in given:
        return
    words = rest[len(given) :].strip()
    names = json.loads(words) if words.startswith("[") else shlex.split(words)
    for name in names[:-1]:
        if name.startswith("<<") or re.match(r"[a-z+]+://|git@", name):
            continue
        yield "." if "$" in name else name  # which file a variable means is not known here: all of them


def _mounted(rest: str) -> Iterator[str]:
    for mount in re.findall(r"--mount=(\S+)", rest):
        pairs = dict(pair.partition("=")[::2] for pair in mount.split(","))
        if pairs.get("type", "bind") == "bind" and "from" not in pairs:
            yield pairs.get("source") or pairs.get("src") or "."


def _files(top: Path, name: str) -> Iterator[str]:
    """The files that a word of a Dockerfile means: a file, a folder or a pattern."""
    pattern = name.removeprefix("/").removeprefix("./").rstrip("/")
    if pattern in ("", "."):
        places = [top]
    elif ".." in Path(pattern).parts:
        return  # outside: the build says that there is no such file
    else:
        places = list(top.glob(pattern))
    for place in places:
        for path in place.rglob("*") if place.is_dir() else (place,):
            if path.is_file() and path.resolve().is_relative_to(top) and "__pycache__" not in path.parts:
                yield path.relative_to(top).as_posix()
