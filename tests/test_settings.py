"""Settings: where they come from, and what is said of a slip."""

import re
from pathlib import Path

import pytest

from spalje.errors import BadInput, NotFound
from spalje.settings import Settings, load

PAGE = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")


def test_a_variable_wins_over_the_file(tmp_path, monkeypatch):
    (tmp_path / "settings.toml").write_text('currency = "SEK"\nparallel_steps = 3\n')
    monkeypatch.setenv("SPALJE_CURRENCY", "NOK")
    settings = load(tmp_path)
    assert (settings.currency, settings.parallel_steps) == ("NOK", 3)


def test_a_name_that_is_no_setting_is_told_from_those_that_are(tmp_path):
    (tmp_path / "settings.toml").write_text('curency = "SEK"\n')
    with pytest.raises(NotFound, match=r"'curency'\. Did you mean 'currency'\?"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["a = [", "lease_seconds = 0", 'price_cpu_hour = "much"', "\x00"])
def test_a_file_that_cannot_be_used_is_named(text, tmp_path):
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(BadInput) as error:
        load(tmp_path)
    assert str(tmp_path / "settings.toml") in str(error.value) + error.value.do


def test_a_variable_that_cannot_be_used_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("SPALJE_LEASE_SECONDS", "0")
    with pytest.raises(BadInput, match="lease_seconds is '0'") as error:
        load(tmp_path)
    assert "SPALJE_LEASE_SECONDS" in error.value.do


def test_the_page_names_every_setting_and_its_example_is_one(tmp_path):
    assert set(re.findall(r"^\| `(\w+)` \| `SPALJE_", PAGE, re.MULTILINE)) == set(Settings.model_fields)
    (tmp_path / "settings.toml").write_text("".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)))
    assert load(tmp_path).currency == "SEK"
    assert load(tmp_path).airflow.url == "https://airflow.example.org"


URL = 'url = "https://airflow.example"'


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('username = "spalje"\npassword_env = "PW"', "it needs url"),
        (f'{URL}\nusername = "spalje"', "username and password_env belong together"),
        (f'{URL}\npassword_env = "PW"', "username and password_env belong together"),
        (URL, "log in by username and password_env, or by token_env"),
        (f'{URL}\nusername = "s"\npassword_env = "PW"\ntoken_env = "T"', "and not by both"),
        ('url = "http://airflow.example"\ntoken_env = "T"', "for everybody to read"),
        ('url = "airflow.example"\ntoken_env = "T"', "https://"),
        (f'{URL}\ntoken_env = "eyJhbGciOi.secret"', "the name of an environment variable"),
    ],
)
def test_a_slip_in_the_section_of_airflow_is_said(tmp_path, section, said):
    (tmp_path / "settings.toml").write_text(f"[airflow]\n{section}\n")
    with pytest.raises(BadInput) as error:
        load(tmp_path)
    assert said in str(error.value)
    assert "eyJ" not in str(error.value) + error.value.do


def test_a_setting_of_airflow_that_is_none_is_told_from_those_that_are(tmp_path):
    (tmp_path / "settings.toml").write_text(f'[airflow]\n{URL}\ntoken = "eyJ"\n')
    with pytest.raises(NotFound, match=r"'airflow\.token'\. Did you mean 'airflow\.token_env'") as error:
        load(tmp_path)
    assert "eyJ" not in str(error.value)


def test_this_machines_own_airflow_needs_no_tls(tmp_path):
    (tmp_path / "settings.toml").write_text('[airflow]\nurl = "http://localhost:8080/"\ntoken_env = "T"\n')
    assert load(tmp_path).airflow.url == "http://localhost:8080"
