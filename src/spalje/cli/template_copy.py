"""``spalje template copy``: the beginning of a template of one's own."""

import shutil
from pathlib import Path

from spalje.cli.options import Common, person
from spalje.cli.output import console, print_json
from spalje.cli.template_card import catalog_of
from spalje.errors import UsageError


def copy(name: str, folder: Path, *, version: str | None = None, common: Common = Common()) -> None:
    """Copy a template's files into a folder, to make a template of your own of them.

    Args:
        name: the template to begin with.
        folder: a folder that is not there yet.
        version: which version of it; default: the newest.
    """
    found = catalog_of(common).find(name, person(), version)
    folder = folder.expanduser()
    if folder.exists():
        raise UsageError(f"There is already a folder {folder}.", do="Name one that is not there yet.")
    left_out = shutil.ignore_patterns(".git", "__pycache__", "*.pyc", ".*_cache")
    shutil.copytree(found.folder, folder, symlinks=True, ignore=left_out)
    if common.json:
        print_json({"template": found.name, "version": found.version, "folder": str(folder)})
        return
    console().print(f"{found.name} {found.version} is copied to {folder}.", soft_wrap=True)
    console().print(
        f"Next: say in {folder / 'template.toml'} what it is and who owns it, change it, and try it out: "
        f"spalje template check {folder}",
        soft_wrap=True,
    )
