"""The recipe as values: what ``pipeline.py`` is written with, and what it compiles to.

A recipe builds ``Pipeline`` objects from typed steps. It is executed only in a process of its own
(``spalje.pipeline.compile``), which prints the definition; only the definition runs.
"""

from spalje.pipeline.input import ApprovedVersion, EarlierBatches, Input, PublishedBatch
from spalje.pipeline.monitor_step import Baseline, Check
from spalje.pipeline.parameter import Parameter
from spalje.pipeline.recipe import Pipeline
from spalje.pipeline.registry_step import Compare, Decide, Register
from spalje.pipeline.script_step import Evaluate, Process, Train, Transform

__all__ = [
    "ApprovedVersion",
    "Baseline",
    "Check",
    "Compare",
    "Decide",
    "EarlierBatches",
    "Evaluate",
    "Input",
    "Parameter",
    "Pipeline",
    "Process",
    "PublishedBatch",
    "Register",
    "Train",
    "Transform",
]
