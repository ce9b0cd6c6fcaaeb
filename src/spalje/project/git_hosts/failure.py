"""What goes wrong with a Git host."""

from spalje.errors import SpaljeError


class HostFailed(SpaljeError):
    """A Git host refused, or could not be reached (exit code 1)."""
