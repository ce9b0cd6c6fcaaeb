"""A finding: one thing that is wrong with a recipe, where, and what to do."""

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict, ValidationError

from spalje.errors import BadInput
from spalje.pipeline.definition import SourceLine


class Finding(BaseModel):
    """One thing that is wrong, found while compiling.

    Attributes:
        where: file and line.
        what: what is wrong, with the value, and what is allowed.
        do: what to do, as an imperative sentence; may be empty.

    Example:
        >>> where = SourceLine(file="pipeline.py", line=7)
        >>> str(Finding(where=where, what="Step 'a' is there twice.", do="Rename one."))
        "pipeline.py:7: Step 'a' is there twice. Rename one."
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    where: SourceLine
    what: str
    do: str = ""

    def place(self) -> tuple[str, int]:
        """What findings are sorted by: file, then line."""
        return self.where.file, self.where.line

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.do}".rstrip()


def at(file: str, line: int, what: str, do: str) -> Finding:
    """A finding at a line of a file."""
    return Finding(where=SourceLine(file=file, line=line), what=what, do=do)


class DoesNotCompile(BadInput):
    """A recipe cannot be compiled; carries everything that was found (exit code 3).

    Args:
        findings: at least one.

    Example:
        >>> where = SourceLine(file="pipeline.py", line=7)
        >>> print(DoesNotCompile([Finding(where=where, what="Step 'a' is there twice.")]))
        The recipe does not compile:
          pipeline.py:7: Step 'a' is there twice.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(dict.fromkeys(findings))
        lines = [f"  {finding}" for finding in self.findings]
        super().__init__(
            "\n".join(["The recipe does not compile:", *lines]),
            do="Mend these lines, and check with `spalje pipeline compile`.",
        )


def explain(error: ValidationError) -> Iterator[tuple[tuple[str, ...], str]]:
    """What a failed validation found, in our words: the field it is about, and a clause.

    Example:
        >>> try:
        ...     SourceLine(file="pipeline.py", line="x", column=1)
        ... except ValidationError as error:
        ...     list(explain(error))[1]
        (('column',), 'is not known here')
    """
    for one in error.errors(include_url=False):
        field = tuple(str(part) for part in one["loc"])
        if one["type"] == "string_pattern_mismatch":
            yield field, f"is {one['input']!r}: a name is a letter and then up to 63 letters, digits, _ or -"
        elif one["type"] == "extra_forbidden":
            yield field, "is not known here"
        elif one["type"] == "missing":
            yield field, "is missing"
        else:
            message = one["msg"].removeprefix("Value error, ")
            said = message[:1].lower() + message[1:]
            yield (
                field,
                f"is {one['input']!r}: {said}" if one["loc"] and one["type"] != "value_error" else said,
            )
