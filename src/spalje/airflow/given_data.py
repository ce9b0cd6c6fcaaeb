"""Data that are given in place of what a DAG's tasks would make, so that it can be run through on a little."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from airflow.sdk import DAG, BaseOperator

from spalje.airflow.program_operator import SpaljeProgramOperator
from spalje.airflow.run_operator import SpaljeRunOperator
from spalje.airflow.source import Source
from spalje.airflow.truth_arrived_operator import SpaljeTruthArrivedOperator

#: What the truth is called among data that are given.
TRUTH = "ground_truth"


@dataclass(frozen=True, slots=True)
class Given:
    """What came of giving data to a DAG.

    Attributes:
        read: the names of what tasks read now.
        idle: the tasks that need not run, for nobody reads what they make any more.
    """

    read: frozenset[str]
    idle: frozenset[str]


def give(dag: DAG, data: Mapping[str, str]) -> Given:
    """Have the tasks of a DAG read what is given where they would read, under that name, what another task makes.

    Args:
        dag: the DAG; its tasks are changed.
        data: name of an input, or ``ground_truth`` -> a path.
    """
    readers: dict[str, set[str]] = {}
    read: set[str] = set()
    for task in dag.tasks:
        for name, source in list(_sources(task)):
            if name in data:
                _replace(task, name, data[name])
                read.add(name)
                readers.setdefault(source.task.task_id, set())
            else:
                readers.setdefault(source.task.task_id, set()).add(task.task_id)
    idle: set[str] = set()
    while more := {name for name, by in readers.items() if by <= idle and _makes_only(dag, name)} - idle:
        idle |= more
    return Given(frozenset(read), frozenset(idle))


def _sources(task: BaseOperator) -> Iterator[tuple[str, Source]]:
    if isinstance(task, SpaljeRunOperator | SpaljeProgramOperator):
        yield from task.sources.items()
    elif isinstance(task, SpaljeTruthArrivedOperator) and task.source is not None:
        yield TRUTH, task.source


def _replace(task: BaseOperator, name: str, path: str) -> None:
    if isinstance(task, SpaljeRunOperator | SpaljeProgramOperator):
        del task.sources[name]
        task.inputs[name] = path
    elif isinstance(task, SpaljeTruthArrivedOperator):
        task.source, task.truth = None, path


def _makes_only(dag: DAG, name: str) -> bool:
    """Whether a task is a program that does nothing but make what other tasks of its DAG read."""
    task = dag.get_task(name)
    return isinstance(task, SpaljeProgramOperator) and not any(task.outputs.values())
