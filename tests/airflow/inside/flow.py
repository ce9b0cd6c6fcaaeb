"""Runs of DAGs in this process's Airflow, made and gone on with as its scheduler would."""

import os
import shutil
import textwrap
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from airflow import settings
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models.asset import AssetEvent
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.models.xcom import XComModel
from airflow.sdk import DAG
from airflow.sdk.definitions.dag import _run_task
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select

DAGS = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


def loaded(repository: Path, source: str) -> dict[str, DAG]:
    """The DAGs of a repository whose DAG file is this, as a DAG processor reads and stores them, by their names.

    Args:
        repository: its folder; a copy goes where Airflow looks for DAGs.
        source: what the DAG file has after ``project`` is made.
    """
    copy = DAGS / uuid4().hex
    shutil.copytree(repository, copy, ignore=shutil.ignore_patterns(".git"))
    begin = "from spalje.airflow import Project\n\nproject = Project.here(__file__)\n"
    (copy / "dags" / "flow.py").write_text(begin + textwrap.dedent(source), encoding="utf-8")
    bag = BundleDagBag(dag_folder=copy, bundle_path=DAGS, bundle_name="dags-folder")
    assert not bag.import_errors, bag.import_errors
    manager, session = DagBundlesManager(), settings.Session()
    manager.sync_bundles_to_db(session=session)
    session.commit()
    sync_bag_to_db(bag, "dags-folder", None, session=session)
    session.commit()
    return {dag.dag_id.partition("-")[2]: dag for dag in bag.dags.values()}


class Flow:
    """A run of a DAG.

    Args:
        dag: of which.
        kind: why it is run.
        events: those that triggered it.
        conf: the parameters that were given.
        date: its logical date; None for one that events triggered.
    """

    def __init__(
        self,
        dag: DAG,
        kind: DagRunType = DagRunType.MANUAL,
        *,
        events: Iterable[AssetEvent] = (),
        conf: dict[str, Any] | None = None,
        date: datetime | None = None,
    ) -> None:
        self.dag = dag
        self.session, now = settings.Session(), datetime.now(UTC)
        self.scheduled = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        when = None if kind is DagRunType.ASSET_TRIGGERED else date or now
        self.run: DagRun = self.scheduled.create_dagrun(
            run_id=f"{kind.value}__{uuid4().hex[:8]}",
            logical_date=when,
            data_interval=(when, when) if when else None,
            run_after=now,
            conf=conf,
            run_type=kind,
            state=DagRunState.RUNNING,
            triggered_by=DagRunTriggeredByType.TEST,
            triggering_user_name="Eva" if kind is DagRunType.MANUAL else None,
            session=self.session,
        )
        self.run.consumed_asset_events.extend(self.session.merge(event) for event in events)
        self.session.commit()

    def once(self) -> None:
        """Execute the tasks whose turn it is."""
        self.session.expire_all()
        self.run.dag = self.scheduled
        ready, _ = self.run.update_state(session=self.session)
        for ti in ready:
            if ti.state != TaskInstanceState.UP_FOR_RESCHEDULE:
                ti.try_number += 1
            ti.state = TaskInstanceState.SCHEDULED
        self.session.commit()
        for ti in self.run.get_task_instances(session=self.session, state=[TaskInstanceState.SCHEDULED]):
            _run_task(ti=ti, task=self.dag.task_dict[ti.task_id], run_triggerer=True)
        self.session.commit()

    def whole(self, seconds: float = 90) -> "Flow":
        """Go on until the run has ended."""
        deadline = time.monotonic() + seconds
        while self.run.state == DagRunState.RUNNING:
            assert time.monotonic() < deadline, self.states
            before = self.states
            self.once()
            if self.states == before:
                time.sleep(0.1)
        return self

    def clear(self, *tasks: str) -> None:
        """Clear tasks that have ended, as a person does, so that they are executed again."""
        clear_task_instances([self.task(name) for name in tasks], self.session)
        self.run.state = DagRunState.RUNNING
        self.session.commit()

    @property
    def state(self) -> str:
        """How the run stands."""
        self.session.expire_all()
        return str(self.run.state)

    @property
    def states(self) -> dict[str, str]:
        """How its tasks stand, by their names in their group."""
        self.session.expire_all()
        found = self.run.get_task_instances(session=self.session)
        return {ti.task_id.rpartition(".")[2]: str(ti.state) for ti in found}

    def task(self, name: str) -> TaskInstance:
        """A task of the run, by its name in its group."""
        self.session.expire_all()
        found = self.run.get_task_instances(session=self.session)
        return next(ti for ti in found if ti.task_id.rpartition(".")[2] == name)

    @property
    def told(self) -> dict[str, Any]:
        """What the tasks told each other, by task."""
        found = self.session.scalars(select(XComModel).where(XComModel.run_id == self.run.run_id))
        return {one.task_id.rpartition(".")[2]: one.value for one in found if one.key == "return_value"}

    @property
    def events(self) -> list[AssetEvent]:
        """The events that the run gave its assets, the oldest first."""
        query = select(AssetEvent).where(AssetEvent.source_run_id == self.run.run_id)
        return list(self.session.scalars(query.order_by(AssetEvent.id)))
