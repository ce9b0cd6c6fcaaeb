"""Several renderings at a time: a program each."""

import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spalje.project.hook import Role
from spalje.project.template.renderer import Renderer
from spalje.project.template.rendering import rendered
from spalje.project.template.template import Template


class SideBySide:
    """Renders with the first of several programs that is free."""

    def __init__(self, programs: tuple[Renderer, ...]) -> None:
        self._free: queue.SimpleQueue[Renderer] = queue.SimpleQueue()
        for program in programs:
            self._free.put(program)

    @classmethod
    @contextmanager
    def of(cls, count: int, *, trusted: bool) -> Iterator["SideBySide"]:
        """As many as are wanted; the programs are ended afterwards."""
        programs = tuple(Renderer(trusted=trusted) for _ in range(count))
        try:
            yield cls(programs)
        finally:
            for program in programs:
                program.close()

    def render(
        self, template: Template, project: str, repository: Role, answers: Mapping[str, Any], folder: Path
    ) -> dict[str, Any]:
        """Render with recorded answers; see ``spalje.project.template.rendering.rendered``."""
        program = self._free.get()
        try:
            return rendered(template, project, repository, answers, folder, recorded=True, program=program)
        finally:
            self._free.put(program)
