"""What DAGs need of an Airflow: connections, variables and pools; which of them it has, and how to make one."""

import ast
import json
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from airflow.models import Connection, Variable
from airflow.models.pool import Pool

#: What says where Spaljé is; two variables of the workers may say it instead.
SPALJE = "spalje_default"
_INSTEAD = ("SPALJE_PYTHON", "SPALJE_WORKSPACE")

_TEMPLATED = (
    ("connection", re.compile(r"\bconn\.(?:get\(\s*['\"]([\w.-]+)['\"]|([A-Za-z_]\w*))")),
    ("variable", re.compile(r"\bvar\.(?:value|json)\.(?:get\(\s*['\"]([\w.-]+)['\"]|([A-Za-z_]\w*))")),
)
#: What a source asks Airflow for by name.
_CALLS = {
    ("Variable", "get"): "variable",
    ("Connection", "get"): "connection",
    ("BaseHook", "get_connection"): "connection",
}


def needs_of_dag(dag: Any) -> Iterator[dict[str, Any]]:
    """What the tasks of a DAG name: pools, ``…conn_id`` arguments, ``{{ conn.… }}`` and ``{{ var.… }}``."""
    for task in dag.tasks:
        user = f"{dag.dag_id}.{task.task_id}"
        if task.pool != Pool.DEFAULT_POOL_NAME:
            yield _need("pool", task.pool, user)
        given = {**vars(task), **getattr(task, "partial_kwargs", {})}
        for name, value in given.items():
            if name.endswith("conn_id") and isinstance(value, str) and value:
                yield _need("connection", value, user, kind_of_connection=_kind(name, value))
        for text in _texts([given.get(name) for name in task.template_fields]):
            for kind, pattern in _TEMPLATED:
                for quoted, plain in pattern.findall(text):
                    if quoted or plain != "get":
                        yield _need(kind, quoted or plain, user)


def needs_of_source(source: bytes, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    r"""What a file asks Airflow for in its own code, and warnings about what it asks whenever it is read.

    Example:
        >>> needs, warned = needs_of_source(b"from airflow.sdk import Variable\nx = Variable.get('shops')", "a.py")
        >>> [(need["kind"], need["name"]) for need in needs], warned[0]["line"]
        ([('variable', 'shops')], 2)
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return [], []  # reading the file tells
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    needs, warned = [], []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        kind, wanted = _asked(call)
        if not wanted:
            continue
        default = len(call.args) > 1 or any(word.arg in {"default", "default_var"} for word in call.keywords)
        needs.append(_need(kind, wanted, f"{name}:{call.lineno}", required=not default))
        if id(call) not in inside:
            said = f"It asks Airflow for the {kind} '{wanted}' whenever it is read, about twice a minute."
            warned.append({"said": said, "line": call.lineno})
    return needs, warned


@dataclass(frozen=True, slots=True)
class Known:
    """What an Airflow says it has.

    Attributes:
        has: asks for something of each kind by its name; no kinds: nobody is asked.
    """

    has: dict[str, Callable[[str], bool]]

    @classmethod
    def nothing(cls) -> "Known":
        """Nobody is asked."""
        return cls({})

    @classmethod
    def of_this_airflow(cls) -> "Known":
        """The Airflow that this process is configured for; secrets backends and variables of the process count."""
        return cls({"connection": _has_connection, "variable": _has_variable, "pool": _has_pool})

    def judge(self, need: dict[str, Any]) -> dict[str, Any]:
        """The need, with ``exists`` and ``make``: the command that makes it."""
        asked = self.has.get(need["kind"])
        exists = asked(need["name"]) if asked else None
        kind = need.pop("kind_of_connection", None)
        return {**need, "exists": exists, "make": shlex.join(_make(need["kind"], need["name"], kind))}


def _make(kind: str, name: str, kind_of_connection: str | None) -> list[str]:
    if kind == "pool":
        return ["airflow", "pools", "set", name, "1", "How much of this may run at once"]
    if kind == "variable":
        return ["airflow", "variables", "set", name, "VALUE"]
    words = ["airflow", "connections", "add", name, "--conn-type", kind_of_connection or "generic"]
    if kind_of_connection == "spalje":
        place = {"python": "/opt/spalje/bin/python", "workspace": "/srv/spalje"}
        return [*words, "--conn-extra", json.dumps(place)]
    return [*words, "--conn-host", "HOST"]


def _has_connection(name: str) -> bool:
    if name == SPALJE and all(os.environ.get(variable) for variable in _INSTEAD):
        return True
    try:
        Connection.get_connection_from_secrets(name)
    except Exception as error:
        if type(error).__name__ == "AirflowNotFoundException":
            return False
        raise
    return True


def _has_variable(name: str) -> bool:
    return Variable.get(name, default_var=None) is not None


def _has_pool(name: str) -> bool:
    return Pool.get_pool(name) is not None


def _need(
    kind: str, name: str, user: str, *, required: bool = True, kind_of_connection: str | None = None
) -> dict[str, Any]:
    need = {"kind": kind, "name": name, "used_by": [user], "required": required}
    return {**need, "kind_of_connection": kind_of_connection} if kind == "connection" else need


def _kind(argument: str, value: str) -> str | None:
    """The type of a connection, as far as its argument's name tells: ``postgres_conn_id``."""
    return "spalje" if value == SPALJE else argument.removesuffix("conn_id").strip("_") or None


def _asked(call: ast.Call) -> tuple[str, str]:
    """What a call asks for, and its name: ``Variable.get("shops")``."""
    function = call.func
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
        return "", ""
    kind = _CALLS.get((function.value.id, function.attr), "")
    match call.args:
        case [ast.Constant(value=str(name)), *_] if kind:
            return kind, name
    return kind, ""


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _texts(inner)
