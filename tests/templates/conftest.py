"""Every variant of every shipped template, rendered once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from variants import ROLES, VARIANTS, label, render


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory):
    """(label of a variant, role) -> its folder; rendered when asked for, and not written to by tests."""
    done: dict[tuple[str, str], Path] = {}
    variants = {label(variant): variant for variant in VARIANTS}

    def folder(variant: str, role: str) -> Path:
        assert role in ROLES
        if (variant, role) not in done:
            name, answers = variants[variant]
            target = tmp_path_factory.mktemp("rendered") / f"{variant}-{role}"
            done[variant, role] = render(name, role, answers, target)
        return done[variant, role]

    return folder
