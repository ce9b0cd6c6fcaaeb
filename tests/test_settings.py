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
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "settings.toml").write_text(example)
    assert load(tmp_path).currency == "SEK"
