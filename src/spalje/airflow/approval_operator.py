"""A person approves or rejects a model version in Airflow; the registry's entry is the decision."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.providers.standard.exceptions import HITLTimeoutError, HITLTriggerEventError
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Asset, Context, Param
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRuntimeError,
    AirflowSkipException,
    TaskAwaitingInput,
)
from airflow.sdk.execution_time.context import InletEventsAccessor

from spalje.airflow.command import CommandFailed, call
from spalje.airflow.link import RunLink, run_page
from spalje.airflow.place import Place, find
from spalje.airflow.version_card import card

#: What Airflow calls somebody whom it does not know.
NOBODY = frozenset({"", "anonymous"})
#: Seconds between the tries to write down an answer that a person has given, which must not be lost.
PAUSES_S = (1.0, 5.0, 20.0)


class SpaljeApprovalOperator(ApprovalOperator):
    """Asks a person whether a model version is approved, and writes the answer into Spaljé's registry.

    The person sees what the version was made of, how it scores and how it compares with the one that serves, and
    gives a reason. Who may decide is the registry's to say: an answer that it refuses fails the task for good, and so
    does one about which somebody else has decided otherwise in the meantime. What follows runs only when the version
    is approved; then, and only then, the asset is emitted.

    Args:
        version: PROJECT/NUMBER, may be a template; empty: the one that a task right before this one returned as
            ``version``; when none did, the task is skipped.
        asset: emitted on approval; None: none.
        anonymous: who is written down as the one who decided when Airflow does not know who answered (its simple auth
            manager with "all admins"); None: such an answer is refused.
        assigned_users: who may answer; None: whoever may edit the DAG's runs.
        response_timeout: after so long without an answer the task fails; None: it waits.
        spalje_conn_id: the connection that says where Spaljé is.

    Example:
        >>> SpaljeApprovalOperator(task_id="approval", version="fresh/1").options
        ['Approve', 'Reject']
    """

    template_fields = (*HITLOperator.template_fields, "version")
    operator_extra_links = (RunLink(),)
    #: Where the page of the run is that built the version; known when it runs.
    run_url = ""

    def __init__(
        self,
        *,
        version: str = "",
        asset: Asset | None = None,
        anonymous: str | None = None,
        assigned_users: Any = None,
        response_timeout: timedelta | None = None,
        spalje_conn_id: str = "spalje_default",
        subject: str = "Shall this model version be approved?",
        **kwargs: Any,
    ) -> None:
        # a value of type string must be given in the form; one without a default would have to be in the run's conf
        reason = Param("", type="string", title="Reason", description="Why, for the version's history.")
        super().__init__(
            subject=subject,
            params={"reason": reason},
            assigned_users=assigned_users,
            response_timeout=response_timeout,
            outlets=[*kwargs.pop("outlets", ()), *([asset] if asset else ())],
            **kwargs,
        )
        self.version = version
        self.asset = asset
        self.anonymous = anonymous
        self.spalje_conn_id = spalje_conn_id

    def execute(self, context: Context) -> Any:
        """Show the version and wait for an answer; a version that is approved already needs none.

        Raises:
            AirflowSkipException: there is no version to decide about.
            TaskAwaitingInput: always, when there is one: the task waits without a worker.
        """
        version = self.version or self._upstream(context)
        if not version:
            raise AirflowSkipException("No task before this one registered a model version.")
        place = find(self.spalje_conn_id)
        shown = call(place, "model", "show", version)
        self._link(place, shown["version"])
        if shown["version"]["status"] == "approved":
            return self._approved(context, shown["version"], elsewhere=True)
        self.subject, self.body = f"Shall {version} be approved?", card(shown, self.run_url)
        try:
            return super().execute(context)
        except TaskAwaitingInput as wait:
            wait.kwargs = {"version": version, "entries": len(shown["version"]["history"])}
            raise

    def execute_complete(
        self, context: Context, event: dict[str, Any], version: str = "", entries: int = 1
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
            answer = HITLOperator.execute_complete(self, context, event)
        except HITLTimeoutError as error:
            raise AirflowFailException(
                f"Nobody has decided about {version} in time; it stays as it is. Clear this task to ask again, or "
                f'decide by hand: spalje model approve {version} --reason "…"'
            ) from error
        except (HITLTriggerEventError, ValueError) as error:
            raise AirflowFailException(f"The answer about {version} cannot be used: {error}") from error
        who = self._who(answer["responded_by_user"])
        wanted = "approve" if answer["chosen_options"] == [self.APPROVE] else "reject"
        reason = str((answer["params_input"] or {}).get("reason") or "")
        place = find(self.spalje_conn_id)
        decided, elsewhere = _insist(place, version, wanted, reason, who, entries)
        self._link(place, decided)
        if wanted == "approve":
            return self._approved(context, decided, elsewhere=elsewhere)
        context["ti"].xcom_push("return_value", _returned(decided))
        self._withhold()
        return ApprovalOperator.execute_complete(self, context, event)  # what follows is skipped

    def _upstream(self, context: Context) -> str:
        for task in sorted(self.upstream_task_ids):
            returned = context["ti"].xcom_pull(task_ids=task)
            if isinstance(returned, Mapping) and returned.get("version"):
                return str(returned["version"])
        return ""

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

    def _link(self, place: Place, version: Mapping[str, Any]) -> None:
        self.run_url = run_page("", place.url, version["content"]["run"])

    def _approved(self, context: Context, version: Mapping[str, Any], *, elsewhere: bool) -> dict[str, str]:
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
        self.outlets = [outlet for outlet in self.outlets if outlet is not self.asset]


def _is_known(asset: Asset, version: str) -> bool:
    """Whether one of the asset's last events says that the version is approved."""
    events = InletEventsAccessor(asset_name=asset.name, asset_uri=asset.uri).ascending(False).limit(100)
    try:
        return any(event.extra.get("version") == version for event in events)
    except AirflowRuntimeError:  # it has none
        return False


def _insist(
    place: Place, version: str, wanted: str, reason: str, who: str, entries: int
) -> tuple[Mapping[str, Any], bool]:
    """Decide, and try again when that cannot be done just now."""
    for pause in (*PAUSES_S, None):
        try:
            return _decide(place, version, wanted, reason, who, entries)
        except CommandFailed as error:
            if error.kind != "Conflict" and error.exit_code != 1:
                raise AirflowFailException(f"Spaljé does not take the answer of {who}: {error}") from error
            if pause is None:
                raise AirflowException(f"The answer of {who} could not be written down: {error}") from error
            time.sleep(pause)
    raise AssertionError  # pragma: no cover


def _decide(
    place: Place, version: str, wanted: str, reason: str, who: str, entries: int
) -> tuple[Mapping[str, Any], bool]:
    """Write a decision down, unless somebody has decided meanwhile: in the same way, or that is a failure.

    Returns:
        The version as it is then, and whether somebody else has decided.
    """
    found = call(place, "model", "show", version)["version"]
    last = found["history"][-1]
    if len(found["history"]) != entries:
        if found["status"] == {"approve": "approved", "reject": "rejected"}[wanted]:
            return found, True
        raise AirflowFailException(
            f"{who} wanted to {wanted} {version}, but it was {found['status']} by {last['who']} in the meantime: "
            f"{last['reason']} That stands. Clear this task to ask again."
        )
    if found["status"] == "rejected" and wanted == "reject":
        return found, True
    quiet = ("--no-tell-airflow",) if wanted == "approve" else ()  # the task emits the asset itself
    return call(place, "model", wanted, version, f"--reason={reason}", f"--by={who}", *quiet), False


def _returned(version: Mapping[str, Any]) -> dict[str, str]:
    return {"version": version["id"], "status": version["status"], "run": version["content"]["run"]}
