"""Spaljé: a self-hosted blueprint for batch machine learning on tabular data.

What needs no project can be called from any program: ``profile_table``, ``data_quality_baseline``,
``check_data_quality`` and ``explain``. They take a path (Parquet, CSV or Arrow) or any table with the Arrow C
stream interface.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spalje.analysis.baseline import data_quality_baseline
    from spalje.analysis.data_quality import check_data_quality
    from spalje.analysis.explanation import explain
    from spalje.storage.scan import profile_table

__version__ = "0.1.0"
__all__ = ["__version__", "check_data_quality", "data_quality_baseline", "explain", "profile_table"]

#: What can be called, and where it is; loaded when it is first used.
_PUBLIC = {
    "profile_table": "spalje.storage.scan",
    "data_quality_baseline": "spalje.analysis.baseline",
    "check_data_quality": "spalje.analysis.data_quality",
    "explain": "spalje.analysis.explanation",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'spalje' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  what a program does not need is not loaded

    return getattr(import_module(_PUBLIC[name]), name)
