"""Apache Airflow's side of Spaljé: when the steps run is decided there, what they do is done here.

A DAG file of a deploy repository needs ``Project``; the operators and the task group are for DAGs of one's own.
Airflow itself asks this package what it provides while Airflow is being loaded, so that nothing here may import
Airflow before it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spalje.airflow.approval_operator import SpaljeApprovalOperator
    from spalje.airflow.ground_truth_operator import SpaljeGroundTruthOperator
    from spalje.airflow.pipeline_operator import SpaljePipelineOperator
    from spalje.airflow.program_operator import SpaljeProgramOperator
    from spalje.airflow.project import Project
    from spalje.airflow.step_operator import SpaljeStepOperator
    from spalje.airflow.task_group import pipeline_task_group

__all__ = [
    "Project",
    "SpaljeApprovalOperator",
    "SpaljeGroundTruthOperator",
    "SpaljePipelineOperator",
    "SpaljeProgramOperator",
    "SpaljeStepOperator",
    "pipeline_task_group",
]

#: What can be used, and where it is; loaded when it is first used.
_PUBLIC = {
    "Project": "project",
    "SpaljeApprovalOperator": "approval_operator",
    "SpaljeGroundTruthOperator": "ground_truth_operator",
    "SpaljePipelineOperator": "pipeline_operator",
    "SpaljeProgramOperator": "program_operator",
    "SpaljeStepOperator": "step_operator",
    "pipeline_task_group": "task_group",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'spalje.airflow' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  what a DAG does not need is not loaded

    return getattr(import_module(f"spalje.airflow.{_PUBLIC[name]}"), name)
