"""A person approves or rejects a model version in Airflow; the registry's entry is the decision."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.providers.standard.exceptions import HITLTriggerEventError
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Asset, Param
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRuntimeError,
    AirflowSkipException,
    TaskAwaitingInput,
)
from airflow.sdk.execution_time.context import InletEventsAccessor

from spalje.airflow.link import run_page
from spalje.airflow.operator import SpaljeOperator
from spalje.airflow.version_card import card

#: What Airflow calls somebody whom it does not know.
NOBODY = frozenset({"", "anonymous"})
#: Seconds between the tries to write down what a person has answered, which must not be lost.
PAUSES_S = (1.0, 5.0, 20.0)
#: Exit codes after which trying again does not help: wrong words, a damaged record, a refusal.
_FOR_GOOD = (2, 3, 4)
_STATUS = {"approve": "approved", "reject": "rejected"}


class SpaljeApprovalOperator(SpaljeOperator, ApprovalOperator):
    """Asks a person whether a model version is approved, and writes the answer into Spaljé's registry.

    The person sees what the version was made of, how it scores and how it compares with the one that serves, and
    gives a reason. Who may decide is the registry's to say: an answer that it refuses fails the task for good, and so
    does one about a version about which somebody else has decided otherwise in the meantime. What follows runs only
    when the version is approved; then, and only then, the asset is emitted.

    Args:
        version: PROJECT/NUMBER, templated; empty: the one that a task right before this one returned as ``version``;
            when none did, the task is skipped.
        asset: emitted on approval; None: none.
        anonymous: who is written down as the one who decided when Airflow does not know who answered (its simple auth
            manager with "all admins"); None: such an answer is refused.
        assigned_users: who may answer, as Airflow's users ``{"id": …, "name": …}``; None: whoever may edit the runs.
        response_timeout: after so long without an answer the task fails; None: it waits.
        kwargs: those of every operator, and ``conn_id``.
    """

    template_fields = (*HITLOperator.template_fields, "version")

    def __init__(
        self,
        *,
        version: str = "",
        asset: Asset | None = None,
        anonymous: str | None = None,
        assigned_users: Any = None,
        response_timeout: timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        # a value of type string must be given in the form; one without a default would have to be in the run's conf
        reason = Param("", type="string", title="Reason", description="Why, for the version's history.")
        kwargs.pop("params", None)  # the DAG's, which Airflow hands on; no fields of this form
        ours = {"subject": "Shall this model version be approved?", "params": {"reason": reason}}
        outlets = [*kwargs.pop("outlets", ()), *([] if asset is None else [asset])]
        users = {"assigned_users": assigned_users, "response_timeout": response_timeout}
        super().__init__(**{**ours, **kwargs, **users, "outlets": outlets})
        self.version, self.asset, self.anonymous = version, asset, anonymous

    def execute(self, context: Any) -> Any:
        """Show the version and wait for an answer; one that is approved already needs none.

        Raises:
            AirflowSkipException: there is no version to decide about.
            TaskAwaitingInput: always, when there is one: the task waits without a worker.
        """
        version = self.version or self._upstream(context)
        if not version:
            raise AirflowSkipException("No task before this one registered a model version.")
        told = self.call("model", "show", version).checked()
        found = told["version"]
        self._link(found)
        if found["status"] == "approved":
            return self._approved(context, found, elsewhere=True)
        self.subject, self.body = f"Shall {version} be approved?", card(told, self.run_url)
        try:
            return ApprovalOperator.execute(self, context)
        except TaskAwaitingInput as wait:
            wait.kwargs = {"version": version, "entries": len(found["history"])}
            raise

    def execute_complete(
        self, context: Any, event: dict[str, Any], version: str = "", entries: int = 1
    ) -> Any:
        """Write down what was answered.

        Args:
            context: of the task.
            event: the answer.
            version: what it is about.
            entries: how many entries the version's history had when it was shown.

        Raises:
            AirflowFailException: nobody answered in time, nobody knows who did, the registry refuses the answer, or
                somebody has decided otherwise in the meantime.
        """
        try:
            given = HITLOperator.execute_complete(self, context, event)
        except (HITLTriggerEventError, ValueError) as error:
            late = event.get("error_type") == "timeout"
            why = "Nobody has answered in time." if late else f"The answer cannot be used: {error}"
            raise AirflowFailException(
                f"{why} {version} stays as it is. Clear this task to ask again, or decide by hand: "
                f'spalje model approve {version} --reason "…"'
            ) from error
        who = self._who(given["responded_by_user"])
        wanted = "approve" if given["chosen_options"] == [self.APPROVE] else "reject"
        reason = str((given["params_input"] or {}).get("reason") or "")
        found, elsewhere = self._insist(version, wanted, reason, who, entries)
        self._link(found)
        if wanted == "approve":
            return self._approved(context, found, elsewhere=elsewhere)
        context["ti"].xcom_push("return_value", _returned(found))
        self._withhold()
        return ApprovalOperator.execute_complete(self, context, event)  # what follows is skipped

    def _upstream(self, context: Any) -> str:
        for task in sorted(self.upstream_task_ids):
            returned = context["ti"].xcom_pull(task_ids=task)
            if isinstance(returned, Mapping) and returned.get("version"):
                return str(returned["version"])
        return ""

    def _link(self, version: Mapping[str, Any]) -> None:
        self.run_url = run_page("", self.place.url, version["content"]["run"])

    def _who(self, user: Mapping[str, str] | None) -> str:
        name = str((user or {}).get("name") or "").strip()
        if name.casefold() not in NOBODY:
            return name
        if self.anonymous:
            return self.anonymous
        raise AirflowFailException(
            "Airflow does not know who answered, and a decision needs a person's name. Let people log in: give Airflow "
            "an auth manager with accounts, or turn off [core] simple_auth_manager_all_admins; or write down all such "
            'answers under one name: SpaljeApprovalOperator(anonymous="…"). Then clear this task to ask again.'
        )

    def _insist(
        self, version: str, wanted: str, reason: str, who: str, entries: int
    ) -> tuple[Mapping[str, Any], bool]:
        """Decide, unless somebody has decided meanwhile: in the same way, or that is a failure.

        Returns:
            The version as it is then, and whether somebody else has decided.
        """
        # Airflow is told by the task itself
        quiet = ("--no-tell-airflow",) if wanted == "approve" else ()
        for pause in (*PAUSES_S, None):
            answer = self.call("model", "show", version)
            if answer.code == 0:
                found = answer.said["version"]
                if found["status"] == _STATUS[wanted]:
                    return found, True
                if len(found["history"]) != entries:
                    last = found["history"][-1]
                    raise AirflowFailException(
                        f"{who} wanted to {wanted} {version}, but it was {found['status']} by {last['who']} in the "
                        f"meantime: {last['reason']} That stands. Clear this task to ask again."
                    )
                answer = self.call("model", wanted, version, f"--reason={reason}", f"--by={who}", *quiet)
                if answer.code == 0:
                    return answer.said, False
            said = " ".join(part for part in (answer.error.get("error"), answer.error.get("do")) if part)
            if answer.code in _FOR_GOOD:
                raise AirflowFailException(f"Spaljé does not take the answer of {who}: {said}")
            if pause is not None:
                self.log.warning("The answer of %s could not be written down yet: %s", who, said)
                time.sleep(pause)
        raise AirflowException(f"The answer of {who} could not be written down: {said}")

    def _approved(self, context: Any, version: Mapping[str, Any], *, elsewhere: bool) -> dict[str, str]:
        """Emit the asset, unless that was done where the version was approved."""
        last = version["history"][-1]
        self.log.info("%s is approved by %s: %s", version["id"], last["who"], last["reason"])
        if self.asset is not None:
            if elsewhere and _is_known(self.asset, version["id"]):
                self._withhold()
            else:
                extra = {"version": version["id"], "run": version["content"]["run"], "by": last["who"]}
                context["outlet_events"][self.asset].extra = extra
        return _returned(version)

    def _withhold(self) -> None:
        """Do not emit the asset when the task succeeds: Airflow looks at the outlets of the task as it is then."""
        self.outlets: list[Any] = [outlet for outlet in self.outlets if outlet is not self.asset]


def _is_known(asset: Asset, version: str) -> bool:
    """Whether one of the asset's last events says that the version is approved."""
    events = InletEventsAccessor(asset_name=asset.name, asset_uri=asset.uri).ascending(False).limit(100)
    try:
        return any(event.extra.get("version") == version for event in events)
    except AirflowRuntimeError:  # it has none
        return False


def _returned(version: Mapping[str, Any]) -> dict[str, str]:
    return {"version": version["id"], "status": version["status"], "run": version["content"]["run"]}
