"""The help of the command line: whoever looks for a command finds what each does."""

import re

import pytest

from spalje.__main__ import main
from spalje.cli import app


@pytest.mark.parametrize("group", [name for name in app if not name.startswith("-")])
def test_every_command_is_listed_with_what_it_does(group, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as left:
        main([group, "--help"])
    assert left.value.code == 0
    listed = re.findall(r"^│ ([a-z][a-z-]*) *(.*)│$", capsys.readouterr().out, re.MULTILINE)
    assert [name for name, what in listed if not what.strip()] == []
