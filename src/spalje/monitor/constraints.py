"""What a baseline says a good batch looks like, as values that a person can edit."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spalje.errors import BadInput, NotFound

Model = TypeVar("Model", bound=BaseModel)

#: 0 to 1.
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
#: 0 upwards.
Positive: TypeAlias = Annotated[float, Field(ge=0)]
#: 1 upwards.
Whole: TypeAlias = Annotated[int, Field(ge=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Monitoring(_Frozen):
    """Model Monitor's ``monitoring_config``: which of its checks run, and how strict they are.

    The defaults are those that the service writes (both share thresholds 1.0, drift above 0.1,
    ``Robust``), which differ from the ones its documentation states.

    Attributes:
        evaluate: whether the column is checked at all.
        emit_metrics: kept for Model Monitor; no effect here.
        perform_comparison: whether distributions are compared.
        datatype_threshold: share of values that must be of the column's type.
        domain_threshold: share of values that must be in the domain.
        comparison_method: Simple, or Robust, which takes off what sampling could explain.
        comparison_threshold: largest distance allowed for numbers.
        categorical_threshold: for strings; None: as for numbers.
        categorical_method: LInfinity. ChiSquared is kept and LInfinity used: how Model Monitor
            compares its statistic is not documented.
    """

    evaluate: bool = True
    emit_metrics: bool = True
    perform_comparison: bool = True
    datatype_threshold: Share = 1.0
    domain_threshold: Share = 1.0
    comparison_method: Literal["Simple", "Robust"] = "Robust"
    comparison_threshold: Positive = 0.1
    categorical_threshold: Positive | None = None
    categorical_method: Literal["LInfinity", "ChiSquared"] = "LInfinity"


class Limits(_Frozen):
    """Spaljé's own limits of a column: margins before a warning, and what blocks a batch.

    Attributes:
        null_margin: by how much the share of nulls may exceed training's before a warning; Model
            Monitor has none, and warns of half of all good batches.
        null_breach: by how much it may before the batch is blocked.
        not_finite: share of NaN and infinity allowed; 0 when training had none.
        negative: share of numbers below 0 allowed; 0 when training had none; None: any.
        low: numbers below this are far outside training; None: no limit.
        high: numbers above this are far outside training; None: no limit.
        far_share: share of numbers far outside that is allowed.
        unseen_margin: share of values never seen in training before a warning; None: any.
        unseen_breach: share of them before the batch is blocked; None: any.
        drift_margin: share of the rows that may lie otherwise than in good batches: less is a trifle.
    """

    null_margin: Share = 0.01
    null_breach: Share = 0.05
    not_finite: Share = 0.0
    negative: Share | None = None
    low: float | None = None
    high: float | None = None
    far_share: Share = 0.005
    unseen_margin: Share | None = None
    unseen_breach: Share | None = None
    drift_margin: Share = 0.05


class ColumnConstraints(_Frozen):
    """What a good batch's column looks like.

    Attributes:
        inferred_type: Model Monitor's word for what it holds.
        completeness: share of rows that had a value in training.
        is_non_negative: whether no number was below 0; None for other columns.
        domains: all values there may be, when there are few; None: not limited.
        monitoring: what of ``Constraints.monitoring`` is otherwise for this column.
        limits: Spaljé's own.
    """

    inferred_type: Literal["Integral", "Fractional", "String", "Unknown"]
    completeness: Share = 1.0
    is_non_negative: bool | None = None
    domains: tuple[str, ...] | None = None
    monitoring: Mapping[str, Any] = Field(default_factory=dict)
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _overrides_fit(self) -> Self:
        Monitoring.model_validate(dict(self.monitoring))
        return self


class Rows(_Frozen):
    """How many rows a batch should have.

    Attributes:
        expected: rows of an ordinary batch.
        factor: a batch with fewer than ``expected / factor`` or more than ``expected * factor`` rows
            is blocked.

    Example:
        >>> Rows(expected=8400).low, Rows(expected=8400).high
        (4200.0, 16800.0)
    """

    expected: Whole
    factor: Annotated[float, Field(gt=1)] = 2.0

    @property
    def low(self) -> float:
        """Fewest rows allowed."""
        return self.expected / self.factor

    @property
    def high(self) -> float:
        """Most rows allowed."""
        return self.expected * self.factor


class Constraints(_Frozen):
    """What a baseline says a good batch looks like.

    Attributes:
        columns: name -> its constraints; a column that is not here is not checked.
        monitoring: thresholds of Model Monitor's checks.
        rows: how many rows a batch should have; None: any number but 0.
        min_rows: with fewer rows, distributions are not compared: without drift, two samples of
            200 are 0.1 apart.
        duplicates: share of rows allowed whose business keys another row has too.
        other_columns: columns of the training table that are not monitored (keys, group, notes).
    """

    columns: Mapping[str, ColumnConstraints]
    monitoring: Monitoring = Monitoring()
    rows: Rows | None = None
    min_rows: Whole = 200
    duplicates: Share = 0.0
    other_columns: tuple[str, ...] = ()

    def monitoring_of(self, column: str) -> Monitoring:
        """The thresholds of a column, its own where it has some.

        Example:
            >>> own = ColumnConstraints(inferred_type="Integral", monitoring={"comparison_threshold": 0.4})
            >>> Constraints(columns={"x": own}).monitoring_of("x").comparison_threshold
            0.4
        """
        constraints = self.columns.get(column)
        if constraints is None or not constraints.monitoring:
            return self.monitoring
        return self.monitoring.model_copy(update=dict(constraints.monitoring))

    def completed(self, suggested: Self) -> Self:
        """With what was not set taken from constraints that the training data suggests.

        A file of Model Monitor's has none of Spaljé's limits, and a person may have struck out some.

        Example:
            >>> own = Constraints(columns={"x": ColumnConstraints(inferred_type="Integral")})
            >>> limits = Limits(negative=0.0)
            >>> suggested = Constraints(columns={"x": ColumnConstraints(inferred_type="Integral", limits=limits)})
            >>> own.completed(suggested).columns["x"].limits.negative
            0.0
        """
        columns = {}
        for name, column in self.columns.items():
            other = suggested.columns.get(name, column)
            limits = {key: getattr(column.limits, key) for key in column.limits.model_fields_set}
            own = {key: getattr(column, key) for key in column.model_fields_set}
            own = (
                {"completeness": other.completeness}
                | own
                | {"limits": other.limits.model_copy(update=limits)}
            )
            columns[name] = column.model_copy(update=own)
        own = {key: getattr(self, key) for key in self.model_fields_set} | {"columns": columns}
        return suggested.model_copy(update=own)

    def edited(self, settings: Mapping[str, Any]) -> Self:
        """With settings of a step on top.

        Args:
            settings: ``rows`` (a number, or a map of ``expected`` and ``factor``), ``min_rows``,
                ``duplicates``, any field of ``Monitoring``, and ``columns``: name -> any fields of
                ``ColumnConstraints``, ``Limits`` and ``Monitoring``.

        Raises:
            NotFound: there is no such setting or column.
            BadInput: a value is not allowed.

        Example:
            >>> constraints = Constraints(columns={"x": ColumnConstraints(inferred_type="Integral")})
            >>> edited = constraints.edited({"rows": 8400, "columns": {"x": {"far_share": 0.02}}})
            >>> edited.rows.expected, edited.columns["x"].limits.far_share
            (8400, 0.02)
        """
        own, monitoring, columns = _fields(self), _fields(self.monitoring), dict(self.columns)
        for name, value in settings.items():
            if name == "rows":
                own[name] = {"expected": value} if isinstance(value, int) else value
            elif name in ("min_rows", "duplicates"):
                own[name] = value
            elif name == "columns":
                for column, changes in _mapping(value, "columns").items():
                    if column not in columns:
                        raise NotFound("monitored column", column, columns)
                    columns[column] = _edited_column(column, columns[column], changes)
            elif name in monitoring:
                monitoring[name] = value
            else:
                known = ("rows", "min_rows", "duplicates", "columns", *monitoring)
                raise NotFound("setting of the data quality monitor", name, known)
        values = {**own, "columns": columns, "monitoring": monitoring}
        return checked(type(self), values, "the settings of the data quality monitor")


def checked(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """A value of the model.

    Raises:
        BadInput: a value is not allowed; says which, and where.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"In {where}, {place} is {first['input']!r}: {first['msg']}.", do="Correct the value."
        ) from error


def _edited_column(name: str, column: ColumnConstraints, changes: Mapping[str, Any]) -> ColumnConstraints:
    own, limits, monitoring = _fields(column), _fields(column.limits), dict(column.monitoring)
    for key, value in _mapping(changes, f"columns.{name}").items():
        if key in limits:
            limits[key] = value
        elif key in Monitoring.model_fields:
            monitoring[key] = value
        elif key in own:
            own[key] = value
        else:
            raise NotFound(f"constraint of column {name!r}", key, {*limits, *Monitoring.model_fields, *own})
    values = {**own, "limits": limits, "monitoring": monitoring}
    return checked(ColumnConstraints, values, f"the constraints of column {name!r}")


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput(
            f"In the settings of the data quality monitor, {where} is {value!r}.", do="Give a map of names."
        )
    return value


def _fields(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}
