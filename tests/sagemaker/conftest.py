"""Makes the maker of Model Monitor's files importable by its neighbours."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def deequ():
    """The module ``deequ.py`` beside this file."""
    spec = spec_from_file_location("deequ_files", Path(__file__).with_name("deequ.py"))
    module = module_from_spec(spec)
    sys.modules["deequ_files"] = module
    spec.loader.exec_module(module)
    return module
