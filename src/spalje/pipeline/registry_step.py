"""The steps about versions and batches: compare two models, register a version, decide about a batch."""

from collections.abc import Mapping, Sequence

from spalje.errors import BadInput
from spalje.pipeline.monitor_step import given
from spalje.pipeline.step import Comparison, Output, Setting, Source, Step, only_output


class Register(Step):
    """Register the model as the project's next version, pending until a person approves it.

    Args:
        name: the step's name.
        model: the trained model.
        evaluation: the report that says how good it is.
        baselines: one baseline per monitor, which later batches are held against.
        after, when, timeout_s: as for ``Process``. Registering is never taken from the cache.
        **settings: further settings: ``register_new_baseline=False`` keeps the previous version's baselines.

    Raises:
        BadInput: a name or a value is not allowed; says which is.

    Example:
        >>> from spalje.pipeline import Baseline, Input
        >>> normal = Baseline("normal", monitor="data_quality", data=Input("history", kind="table"))
        >>> register = Register(
        ...     "register",
        ...     model=Input("model", kind="model"),
        ...     evaluation=Input("report", kind="report"),
        ...     baselines=[normal],
        ... )
        >>> sorted(register.spec.inputs)
        ['baseline_data_quality', 'evaluation', 'model']
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        *,
        model: Source,
        evaluation: Source,
        baselines: Sequence[Source],
        after: Sequence[Step] = (),
        when: Comparison | None = None,
        timeout_s: float | None = None,
        **settings: Setting,
    ) -> None:
        super().__init__(
            "register",
            name,
            reads={
                "model": model,
                "evaluation": evaluation,
                **_by_monitor(baselines, "baseline", name),
            },
            settings=settings,
            after=after,
            when=when,
            cache=False,
            timeout_s=timeout_s,
        )


class Compare(Step):
    """Hold a model just built against the one that serves, on the same rows; the output is ``report``.

    Both predict rows whose truth is known. The losses of a row are subtracted from each other, and what is
    left is tested, with rows of one store (or whatever errs together) taken as a whole. The comparison is
    shown with the version, and helps whoever approves it. Where no version serves yet it says so. The report's
    metrics ``better`` and ``worse`` are 1 or 0: ``when=compare.metric("worse") < 1``.

    Args:
        name: the step's name.
        champion: the model that serves: ``ApprovedVersion(optional=True)["model"]``.
        data: the table that both predict, with the truth; it must be news to both models.
        predictions: what the new model predicted for it.
        after, when, cache, timeout_s, environment: as for ``Process``.
        **settings: ``score``, ``classes`` and ``threshold`` as for the model quality monitor; ``alpha``, the
            level of the test, 0.05.

    Raises:
        BadInput: a name or a value is not allowed; says which is.

    Example:
        >>> from spalje.pipeline import ApprovedVersion, Input
        >>> compare = Compare(
        ...     "compare",
        ...     champion=ApprovedVersion(optional=True)["model"],
        ...     data=Input("evaluation", kind="table"),
        ...     predictions=Input("predicted", kind="table"),
        ... )
        >>> sorted(compare.spec.inputs)
        ['champion', 'data', 'predictions']
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        *,
        champion: Source,
        data: Source,
        predictions: Source,
        after: Sequence[Step] = (),
        when: Comparison | None = None,
        cache: bool = True,
        timeout_s: float | None = None,
        environment: str | None = None,
        **settings: Setting,
    ) -> None:
        super().__init__(
            "compare",
            name,
            reads={"champion": champion, "data": data, "predictions": predictions},
            settings=settings,
            after=after,
            when=when,
            cache=cache,
            timeout_s=timeout_s,
            environment=environment,
        )


class Decide(Step):
    """Conclude from verdicts; the output is ``decision``.

    With ``predictions`` it publishes the batch, or blocks it; with ``ground_truth`` it says what
    the truth means for the model: go on, investigate or retrain.

    Args:
        name: the step's name.
        verdicts: one check per monitor, and any outputs of ``Process`` steps that are declared as ``verdict``:
            rules of the project's own.
        features: the batch's features.
        predictions: the batch's predictions.
        output: what the business reads, made from the predictions.
        ground_truth: what really happened.
        after, when, timeout_s: as for ``Process``. A decision is never taken from the cache.
        **settings: the decision's own settings, for example ``retrain="propose"``.

    Raises:
        BadInput: a name or a value is not allowed; says which is.

    Example:
        >>> from spalje.pipeline import ApprovedVersion, Check, Input
        >>> day = Input("day", kind="table")
        >>> scored = Input("scored", kind="table")
        >>> normal = ApprovedVersion()["data_quality"]
        >>> check = Check("check", monitor="data_quality", baseline=normal, data=day)
        >>> publish = Decide("publish", verdicts=[check], features=day, predictions=scored)
        >>> sorted(publish.spec.inputs)
        ['features', 'predictions', 'verdict_data_quality']
    """

    __slots__ = ()

    def __init__(
        self,
        name: str,
        *,
        verdicts: Sequence[Source],
        features: Source | None = None,
        predictions: Source | None = None,
        output: Source | None = None,
        ground_truth: Source | None = None,
        after: Sequence[Step] = (),
        when: Comparison | None = None,
        timeout_s: float | None = None,
        **settings: Setting,
    ) -> None:
        super().__init__(
            "decide",
            name,
            reads={
                **_by_monitor(verdicts, "verdict", name),
                **given(features=features, predictions=predictions, output=output, ground_truth=ground_truth),
            },
            settings=settings,
            after=after,
            when=when,
            cache=False,
            timeout_s=timeout_s,
        )


def _by_monitor(sources: Sequence[Source], word: str, step: str) -> Mapping[str, Output]:
    """The ports ``<word>_<monitor>`` for the outputs of baseline or check steps."""
    ports: dict[str, Output] = {}
    for source in sources:
        found = only_output(source, f"a {word} of step '{step}'")
        monitor = found.step.spec.settings.get("monitor") if isinstance(found, Output) else None
        if isinstance(found, Output) and found.step.spec.kind == "process" and found.kind == word:
            monitor = found.name  # a rule of the project's own
        if not isinstance(found, Output) or monitor is None:
            raise BadInput(
                f"Step '{step}': {source!r} is not a {word}.",
                do="Give baselines=[…] steps made by Baseline(…)."
                if word == "baseline"
                else "Give verdicts=[…] steps made by Check(…), or an output of a Process that is a verdict.",
            )
        port = f"{word}_{monitor}"
        if port in ports:
            raise BadInput(
                f"Step '{step}' gets two {word}s of monitor '{monitor}', from steps "
                f"'{ports[port].step.spec.name}' and '{found.step.spec.name}'; it takes one per monitor.",
                do=f"Leave one of them out of {word}s=[…].",
            )
        ports[port] = found
    return ports
