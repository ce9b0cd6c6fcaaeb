"""``spalje template check``."""


def check() -> None:
    """Try a template out."""
