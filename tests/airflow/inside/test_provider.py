"""What Airflow learns of Spaljé by its entry points: a connection type that can be tested, links, a listener."""

import json
import subprocess
import sys

import pytest
from airflow.models.connection import Connection
from airflow.plugins_manager import get_plugin_info
from airflow.providers_manager import ProvidersManager
from registry import Registry, api

from spalje import __version__
from spalje.airflow.hook import SpaljeHook


def test_the_providers_manager_knows_the_connection_type():
    manager = ProvidersManager()
    assert manager.providers["spalje"].version == __version__
    manager.initialize_providers_hooks()
    fields = {name for name in manager._connection_form_widgets if name.startswith("extra__spalje__")}
    assert fields == {"extra__spalje__python", "extra__spalje__workspace", "extra__spalje__url"}
    assert "spalje.airflow.link.RunLink" in manager.extra_links_class_names


def test_the_form_of_the_connection_shows_the_fields():
    found = api().ask("GET", "/../../ui/connections/hook_meta", "Eva")
    (ours,) = (one for one in found if one["connection_type"] == "spalje")
    assert ours["hook_name"] == "Spaljé"
    assert set(ours["extra_fields"]) == {"python", "workspace", "url"}
    assert ours["standard_fields"]["host"]["hidden"]


def test_the_listener_is_loaded():
    (ours,) = (one for one in get_plugin_info() if one["name"] == "spalje")
    assert str(ours["source"]).startswith("spalje==")
    assert len(ours["listeners"]) == 1


def test_a_connection_can_be_tested(tmp_path, monkeypatch: pytest.MonkeyPatch):
    registry = Registry(tmp_path / "ours")
    extra = {"python": str(registry.python), "workspace": str(registry.folder)}
    ours = Connection(conn_id="ours", conn_type="spalje", extra=json.dumps(extra))
    monkeypatch.setenv("AIRFLOW_CONN_OURS", ours.as_json())
    worked, said = ours.test_connection()
    assert (worked, said) == (True, f"The workspace {registry.folder} opens; projects in it: 1.")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"python": "/nowhere/python", "workspace": "/nowhere"}, "/nowhere/python"),
        ({"python": "{python}", "workspace": "/nowhere"}, "There is no workspace '/nowhere'"),
        ({"workspace": "/nowhere"}, "python is missing"),
    ],
)
def test_what_is_wrong_with_a_connection_is_said(tmp_path, monkeypatch: pytest.MonkeyPatch, extra, said):
    monkeypatch.delenv("SPALJE_PYTHON", raising=False)
    python = str(Registry(tmp_path / "ours").python)
    words = {name: value.replace("{python}", python) for name, value in extra.items()}
    monkeypatch.setenv("AIRFLOW_CONN_OURS", json.dumps({"conn_type": "spalje", "extra": words}))
    worked, told = SpaljeHook("ours").test_connection()
    assert not worked
    assert said in told


@pytest.mark.parametrize(
    "first", ["airflow.sdk", "airflow.configuration", "spalje.airflow", "airflow.plugins_manager"]
)
def test_it_does_not_matter_what_is_imported_first(first: str):
    program = f"import {first}; from airflow.sdk import DAG; from spalje.airflow import Project"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=60)
