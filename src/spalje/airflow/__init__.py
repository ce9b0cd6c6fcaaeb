"""Apache Airflow's side of Spaljé: when the steps run is decided there, what they do is done here.

A DAG file of a deploy repository needs ``Project``; the operators and the task group are for DAGs of one's own.
"""

from spalje.airflow.ground_truth_operator import SpaljeGroundTruthOperator
from spalje.airflow.pipeline_operator import SpaljePipelineOperator
from spalje.airflow.program_operator import SpaljeProgramOperator
from spalje.airflow.project import Project
from spalje.airflow.step_operator import SpaljeStepOperator
from spalje.airflow.task_group import pipeline_task_group

__all__ = [
    "Project",
    "SpaljeGroundTruthOperator",
    "SpaljePipelineOperator",
    "SpaljeProgramOperator",
    "SpaljeStepOperator",
    "pipeline_task_group",
]
