"""What goes wrong with a Git host."""

from spalje.errors import SpaljeError


class HostFailed(SpaljeError):
    """A Git host refused, or could not be reached (exit code 1)."""


class Lost(HostFailed):
    """No answer came to something that must not be done twice: the host may have done it, or not (exit code 1)."""
