"""Where to look: an address of a page, or the command that shows the same."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Links:
    """Links to projects, runs and batches.

    Attributes:
        base_url: where pages are, without a slash at its end; empty: commands stand instead.

    Example:
        >>> Links("https://spalje.example.org").batch("fresh/3")
        'https://spalje.example.org/batches/fresh/3'
        >>> Links().batch("fresh/3")
        'spalje batch show fresh/3'
    """

    base_url: str = ""

    def run(self, run: str) -> str:
        """Of a run, ``<project>/<pipeline>/<number>``."""
        return self._of("runs", run, f"spalje run show {run}")

    def batch(self, batch: str) -> str:
        """Of a batch, ``<project>/<number>``."""
        return self._of("batches", batch, f"spalje batch show {batch}")

    def project(self, name: str) -> str:
        """Of a project's batches."""
        return self._of("projects", name, f"spalje batch list {name}")

    def _of(self, noun: str, identity: str, command: str) -> str:
        return f"{self.base_url}/{noun}/{quote(identity)}" if self.base_url else command


def is_address(link: str) -> bool:
    """Whether a link is an address and not a command."""
    return link.startswith(("https://", "http://"))
