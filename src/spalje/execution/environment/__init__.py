"""Where users' scripts run: ``current``, ``uv`` or ``container``, all driven in the same way."""

from spalje.execution.environment.environment import Environment
from spalje.execution.environment.resolve import resolve

__all__ = ["Environment", "resolve"]
