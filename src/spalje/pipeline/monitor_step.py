"""The steps that watch: a baseline says what a good batch looks like, a check holds a batch against it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from spalje.pipeline.step import Comparison, Setting, Source, Step

Monitor = Literal["data_quality", "model_quality", "attribution"]
Checked = Literal["data_quality", "model_quality", "attribution", "estimated_quality"]


class Baseline(Step):
    """Say what a good batch looks like, for one monitor; the output is ``baseline``.

    Args:
        name: the step's name.
        monitor: ``data_quality`` (reads data), ``model_quality`` (reads predictions that hold
            the truth) or ``attribution`` (reads model and data).
        data: the table of features. For ``model_quality`` it may be left out; with it, the quality of later
            batches can be estimated before their truth is known, and afterwards it can be told whether their
            inputs moved or what the model learned.
        predictions: the table with predictions and truth.
        model: the model whose attributions they are.
        after, when, cache, timeout_s, environment: as for ``Process``.
        **settings: the monitor's own settings.

    Raises:
        BadInput: a name or a value is not allowed; says which is.

    Example:
        >>> from spalje.pipeline import Input
        >>> normal = Baseline("normal", monitor="data_quality", data=Input("history", kind="table"))
        >>> normal.spec.inputs["data"].input, normal.spec.settings["monitor"]
        ('history', 'data_quality')
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        *,
        monitor: Monitor,
        data: Source | None = None,
        predictions: Source | None = None,
        model: Source | None = None,
        after: Sequence[Step] = (),
        when: Comparison | None = None,
        cache: bool = True,
        timeout_s: float | None = None,
        environment: str | None = None,
        **settings: Setting,
    ) -> None:
        super().__init__(
            "baseline",
            name,
            reads=given(data=data, predictions=predictions, model=model),
            settings={"monitor": monitor, **settings},
            after=after,
            when=when,
            cache=cache,
            timeout_s=timeout_s,
            environment=environment,
        )


class Check(Step):
    """Hold a batch against a baseline; the output is ``verdict``. An alarm does not fail the step.

    Args:
        name: the step's name.
        monitor: ``data_quality`` (reads data), ``model_quality`` (reads predictions and
            ground_truth), ``attribution`` (reads model and data) or ``estimated_quality`` (reads data and
            predictions, before the truth is known; its baseline is that of ``model_quality``).
        baseline: what to hold the batch against, as a rule the approved version's.
        data: the batch's table of features; ``model_quality`` may read it too, to tell whether the inputs moved.
        predictions: the batch's predictions.
        model: the model whose attributions they are.
        ground_truth: what really happened.
        history: what the monitor's earlier checks, or the truth, left of their batches:
            ``EarlierBatches()["data_quality"]``, and so on for each monitor.
        estimated: for ``model_quality``, what was estimated before: ``PublishedBatch()["estimated_quality"]``.
        policy: ``calibrated`` (thresholds from how much good batches differ) or ``sagemaker``
            (Model Monitor's rules decide).
        after, when, cache, timeout_s, environment: as for ``Process``.
        **settings: the monitor's own settings.

    Raises:
        BadInput: a name or a value is not allowed; says which is.

    Example:
        >>> from spalje.pipeline import ApprovedVersion, Input
        >>> check = Check(
        ...     "check_data_quality",
        ...     monitor="data_quality",
        ...     baseline=ApprovedVersion()["data_quality"],
        ...     data=Input("day", kind="table"),
        ... )
        >>> sorted(check.spec.inputs), check.spec.settings["policy"]
        (['baseline', 'data'], 'calibrated')
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        *,
        monitor: Checked,
        baseline: Source,
        data: Source | None = None,
        predictions: Source | None = None,
        model: Source | None = None,
        ground_truth: Source | None = None,
        history: Source | None = None,
        estimated: Source | None = None,
        policy: Literal["calibrated", "sagemaker"] = "calibrated",
        after: Sequence[Step] = (),
        when: Comparison | None = None,
        cache: bool = True,
        timeout_s: float | None = None,
        environment: str | None = None,
        **settings: Setting,
    ) -> None:
        super().__init__(
            "check",
            name,
            reads={
                "baseline": baseline,
                **given(
                    data=data,
                    predictions=predictions,
                    model=model,
                    ground_truth=ground_truth,
                    history=history,
                    estimated=estimated,
                ),
            },
            settings={"monitor": monitor, "policy": policy, **settings},
            after=after,
            when=when,
            cache=cache,
            timeout_s=timeout_s,
            environment=environment,
        )


def given(**ports: Source | None) -> Mapping[str, Source]:
    """Those of the ports that something was given for."""
    return {port: source for port, source in ports.items() if source is not None}
