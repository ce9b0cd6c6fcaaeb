"""An input: an artifact that no step of the pipeline makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from pydantic import ValidationError

from spalje.errors import BadInput, NotFound
from spalje.pipeline.definition import ArtifactKind, InputSpec, Reference, SourceLine
from spalje.pipeline.finding import explain
from spalje.pipeline.where import caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An artifact from outside, given by whoever starts the run or under ``[inputs]`` of ``spalje.toml``.

    Args:
        name: what ``--input NAME=LOCATION`` and ``[inputs]`` call it.
        kind: what it holds: ``table``, ``model``, ``report``, ``baseline``, ``verdict`` or ``folder``.
        help: one sentence for whoever starts a run.

    Raises:
        BadInput: the name or the kind is not allowed.

    Example:
        >>> Input("journey", kind="folder", help="The raw Parquet files.").reference.input
        'journey'
    """

    name: str = field(kw_only=False)
    kind: ArtifactKind
    help: str = ""
    source: Literal["given", "version", "batch", "earlier"] = "given"
    optional: bool = False
    where: SourceLine = field(default_factory=caller)

    def __post_init__(self) -> None:
        if self.source == "given" and "." in self.name:
            raise BadInput(
                f"Input '{self.name}': a dot is not allowed in a name.",
                do="What a model version or a batch holds is ApprovedVersion()[…] and PublishedBatch()[…]; "
                "what checks left of earlier batches is EarlierBatches()[…].",
            )
        _ = self.spec

    @property
    def spec(self) -> InputSpec:
        """The input as the definition holds it."""
        try:
            return InputSpec(
                name=self.name,
                kind=self.kind,
                source=self.source,
                optional=self.optional,
                help=self.help,
                where=self.where,
            )
        except ValidationError as error:
            (loc, said), *_ = explain(error)
            raise BadInput(f"Input '{self.name}': {'.'.join(loc)} {said}.") from error

    @property
    def reference(self) -> Reference:
        """How a step of the definition names it."""
        return Reference(input=self.name)


#: what a model version is made of and held against -> what it holds
VERSION: Mapping[str, ArtifactKind] = MappingProxyType(
    {"model": "model", "data_quality": "baseline", "model_quality": "baseline", "attribution": "baseline"}
)

#: what a published batch is made of -> what it holds
BATCH: Mapping[str, ArtifactKind] = MappingProxyType(
    {"features": "table", "predictions": "table", "estimated_quality": "verdict"}
)
#: those of them that a batch need not have: an empty folder stands for them
MAY_MISS = frozenset({"estimated_quality"})

#: the monitors that learn from earlier batches -> what their checks, or the truth, left of them
EARLIER: Mapping[str, ArtifactKind] = MappingProxyType(
    {
        "data_quality": "folder",
        "attribution": "folder",
        "model_quality": "folder",
        "estimated_quality": "folder",
    }
)


@dataclass(frozen=True, slots=True)
class ApprovedVersion:
    """The project's latest approved model version, pinned at the start of the run.

    Args:
        optional: whether a run may start where none is approved yet; its parts are empty folders then. For
            steps that know what to do with that, as ``Compare`` does.

    Example:
        >>> approved = ApprovedVersion()
        >>> approved["model"].kind, approved["data_quality"].kind
        ('model', 'baseline')
    """

    optional: bool = False

    def __getitem__(self, part: str) -> Input:
        """The version's ``model``, or its baseline ``data_quality``, ``model_quality`` or ``attribution``.

        Raises:
            NotFound: a version has no such part.
        """
        if part not in VERSION:
            raise NotFound("part of a model version", part, VERSION)
        return Input(f"version.{part}", kind=VERSION[part], source="version", optional=self.optional)


@dataclass(frozen=True, slots=True)
class PublishedBatch:
    """The published batch that a quality run is about.

    Example:
        >>> PublishedBatch()["predictions"].kind
        'table'
    """

    def __getitem__(self, part: str) -> Input:
        """The batch's ``features`` or ``predictions``, or the verdict ``estimated_quality``, if there was one.

        Raises:
            NotFound: a batch has no such part.
        """
        if part not in BATCH:
            raise NotFound("part of a batch", part, BATCH)
        return Input(f"batch.{part}", kind=BATCH[part], source="batch", optional=part in MAY_MISS)


@dataclass(frozen=True, slots=True)
class EarlierBatches:
    """What a monitor's checks left of the batches that went out before, pinned at the start of the run.

    How much good batches differ from each other is what a monitor's threshold is made of.

    Example:
        >>> EarlierBatches()["data_quality"].kind
        'folder'
    """

    def __getitem__(self, monitor: str) -> Input:
        """What that monitor's checks left.

        Raises:
            NotFound: the monitor leaves nothing.
        """
        if monitor not in EARLIER:
            raise NotFound("monitor with a history", monitor, EARLIER)
        return Input(f"earlier.{monitor}", kind=EARLIER[monitor], source="earlier")
