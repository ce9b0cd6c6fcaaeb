"""Where Spaljé is: a connection says it, else the worker's variables; and what its processes get of the worker's."""

import pytest
from airflow.sdk.exceptions import AirflowFailException

from spalje.airflow.place import Place, place


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SPALJE_PYTHON", raising=False)
    monkeypatch.delenv("SPALJE_WORKSPACE", raising=False)


def connect(monkeypatch: pytest.MonkeyPatch, extra: str, name: str = "SPALJE_DEFAULT"):
    monkeypatch.setenv(f"AIRFLOW_CONN_{name}", f'{{"conn_type": "spalje", "extra": {extra}}}')


def test_a_connection_goes_before_the_variables(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SPALJE_PYTHON", "/variable/python")
    monkeypatch.setenv("SPALJE_WORKSPACE", "/variable/workspace")
    assert place() == Place("/variable/python", "/variable/workspace")
    connect(monkeypatch, '{"python": "/connection/python", "url": "https://spalje.example.org"}')
    assert place() == Place("/connection/python", "/variable/workspace", "https://spalje.example.org")
    connect(monkeypatch, '{"python": "/other/python", "workspace": "/other/workspace"}', "OTHER")
    assert place("other") == Place("/other/python", "/other/workspace")


@pytest.mark.parametrize(
    ("extra", "lacks"),
    [
        (None, "python and workspace is missing"),
        ('{"python": "/p"}', "workspace is missing"),
        ('{"workspace": "/w"}', "python is missing"),
    ],
)
def test_where_nobody_says_it_the_task_fails_for_good_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, extra: str | None, lacks: str
):
    if extra is not None:
        connect(monkeypatch, extra)
    with pytest.raises(AirflowFailException, match="airflow connections add spalje_default") as caught:
        place()
    assert lacks in str(caught.value)
    assert "SPALJE_PYTHON" in str(caught.value)


def test_the_workers_own_settings_are_not_for_spalje(monkeypatch: pytest.MonkeyPatch):
    for name in ("AIRFLOW_CONN_WAREHOUSE", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "_AIRFLOW_PARSING_CONTEXT"):
        monkeypatch.setenv(name, "a secret")
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("SPALJE_USER", "eva")
    monkeypatch.setenv("PGPASSFILE", "/home/eva/.pgpass")
    environ = Place("p", "w").environ
    assert "a secret" not in environ.values()
    assert "/elsewhere" not in environ.values()
    assert (environ["SPALJE_USER"], environ["PGPASSFILE"]) == ("eva", "/home/eva/.pgpass")


def test_the_words_of_a_program_stay_behind_the_options():
    words = Place("p", "w").words("environment", "run", "r", "s.py", "--", "--json=1")
    assert words[4:] == ["environment", "run", "r", "s.py", "--workspace", "w", "--json", "--", "--json=1"]
