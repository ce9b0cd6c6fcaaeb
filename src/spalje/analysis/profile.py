"""A profile's files."""

import json
from pathlib import Path
from typing import Literal

from spalje.monitor.suggestion import suggest
from spalje.profile.document import to_dict
from spalje.profile.profile import Profile
from spalje.sagemaker import constraints as constraints_file
from spalje.sagemaker import statistics as statistics_file
from spalje.sagemaker.constraints import ConstraintsFile
from spalje.sagemaker.profile import of_profile

#: What the files of a baseline are called; the last two are Model Monitor's names.
PROFILE, STATISTICS, CONSTRAINTS = "profile.json", "statistics.json", "constraints.json"


def write_profile(
    profile: Profile, out: Path, form: Literal["spalje", "sagemaker"] = "spalje"
) -> tuple[Path, ...]:
    """Write a profile into a folder, which is made if need be.

    Args:
        profile: of a table.
        out: the folder.
        form: ``spalje``: ``profile.json``. ``sagemaker``: Model Monitor's ``statistics.json``, and
            ``constraints.json`` as the profile suggests them.

    Returns:
        The files written.
    """
    out.mkdir(parents=True, exist_ok=True)
    if form == "spalje":
        text = json.dumps(to_dict(profile), ensure_ascii=False, allow_nan=False)
        (out / PROFILE).write_text(text + "\n", encoding="utf-8")
        return (out / PROFILE,)
    (out / STATISTICS).write_bytes(statistics_file.write(of_profile(profile)))
    (out / CONSTRAINTS).write_bytes(constraints_file.write(ConstraintsFile(suggest(profile))))
    return out / STATISTICS, out / CONSTRAINTS
