"""What every page is printed on: one style sheet, templates that escape, and a policy that lets nothing in."""

import hashlib
from base64 import b64encode
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

STYLE = files("spalje.report").joinpath("templates/style.css").read_text(encoding="utf-8")
PAGES = Environment(
    loader=PackageLoader("spalje.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def policy(style: str, *, pictures: bool = False) -> str:
    """The content security policy of a page: nothing is loaded and no script runs (CSP Level 2).

    Args:
        style: its one style sheet, which is named by its hash.
        pictures: whether pictures that stand in the page itself are shown.
    """
    shown = "img-src data:; " if pictures else ""
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; base-uri 'none'; form-action 'none'; {shown}style-src 'sha256-{digest}'"
