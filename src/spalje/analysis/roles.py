"""What the columns of a table are: features, keys, the time of a row."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from spalje.errors import BadInput, NotFound
from spalje.pipeline.problem import Problem

#: The file of a baseline's folder that says it.
FILE = "roles.json"


class Roles(BaseModel):
    """Which column is what. A column that has no role is monitored as a feature if ``features`` is None.

    Attributes:
        features: the columns that are monitored; None: all that have no other role.
        categorical: those of them that are categories even if they hold numbers (store numbers).
        keys: the business keys: together they name one row.
        time: the column with the date or time a row is about, or None.
        group: the column whose rows are not independent of each other (a store), or None.
        season: what makes batches comparable: weekday, month or none.
        others: columns that may be there and are not monitored (target, prediction, notes).

    Example:
        >>> Roles(keys=("store", "day"), time="day").monitored(["store", "day", "price"])
        ('price',)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[str, ...] | None = None
    categorical: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    time: str | None = None
    group: str | None = None
    season: Literal["none", "weekday", "month"] = "none"
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The roles that a project's problem gives."""
        return cls(
            features=problem.features,
            categorical=problem.categorical,
            keys=problem.keys,
            time=problem.time,
            group=problem.group,
            season=problem.season,
            others=tuple(sorted({problem.target, problem.prediction} - set(problem.features))),
        )

    def monitored(self, names: list[str]) -> tuple[str, ...]:
        """Of a baseline table's columns, those that are monitored, in their order."""
        if self.features is not None:
            return self.features
        aside = {*self.keys, *self.others, self.time, self.group} - set(self.categorical)
        return tuple(name for name in names if name not in aside)

    def checked(self, names: list[str]) -> Self:
        """These roles, of a table with these columns.

        Raises:
            NotFound: a role names a column that the table does not have.
        """
        named = {
            "--categorical": self.categorical,
            "--key": self.keys,
            "--time": (self.time,) if self.time else (),
            "--group": (self.group,) if self.group else (),
        }
        for option, columns in named.items():
            for name in columns:
                if name not in names:
                    raise NotFound("column", name, names, do=f"Correct {option}.")
        return self

    def write(self, folder: Path) -> None:
        """Write them into a baseline's folder."""
        (folder / FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The roles of a baseline's folder; of Model Monitor's, which has none, every column is a feature.

        Raises:
            BadInput: the file is not of this form.
        """
        path = folder / FILE
        if not path.is_file():
            return cls()
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the file"
            raise BadInput(
                f"{path}: {place}: {first['msg']}.", do="Correct the file, or make the baseline again."
            ) from error
