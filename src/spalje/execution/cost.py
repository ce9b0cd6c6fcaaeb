"""What a step took, and what that costs."""

import resource
import time
from dataclasses import dataclass, field

from spalje.execution.script import Meter
from spalje.lineage.run import Usage
from spalje.settings import Settings


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Started with a step, in the thread that executes it.

    Processor time is that of this thread and of the users' processes; memory is the larger of
    the users' largest process and, where none was started, this process.
    """

    meter: Meter = field(default_factory=Meter)
    wall_s: float = field(default_factory=time.monotonic)
    cpu_s: float = field(default_factory=time.thread_time)

    def usage(self, settings: Settings) -> Usage:
        """What the step took so far."""
        wall = time.monotonic() - self.wall_s
        cpu = time.thread_time() - self.cpu_s + self.meter.cpu_s
        peak = self.meter.peak_mib or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return Usage(wall, cpu, peak, cost(cpu, peak, wall, settings), self.meter.wall_s)


def cost(cpu_s: float, peak_mib: float, wall_s: float, settings: Settings) -> float:
    """Processor-hours and GiB-hours at the settings' prices.

    Args:
        cpu_s: processor time, seconds.
        peak_mib: memory held for the whole of ``wall_s``, MiB.
        wall_s: wall time, seconds.

    Returns:
        The cost in ``settings.currency``.

    Example:
        >>> round(cost(3600, 1024, 3600, Settings(price_cpu_hour=0.04, price_gib_hour=0.005)), 6)
        0.045
    """
    return cpu_s / 3600 * settings.price_cpu_hour + peak_mib / 1024 * wall_s / 3600 * settings.price_gib_hour
