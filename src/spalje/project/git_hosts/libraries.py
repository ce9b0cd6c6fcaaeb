"""The libraries that servers over HTTP are asked with: in the extra ``hosts``, and loaded only when one is asked."""

from importlib.util import find_spec

from spalje.errors import BadInput

_NEEDED = ("httpx2", "stamina")


def check_libraries() -> None:
    """See that they are installed.

    Raises:
        BadInput: they are not.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise BadInput(
            "Git hosts beside the embedded one, and Airflow, need libraries that are not installed: "
            f"{', '.join(missing)}.",
            do='Install them: pip install "spalje[hosts]"',
        )
