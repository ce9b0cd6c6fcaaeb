"""What it costs to know how good predictions were: ourselves, and scikit-learn, on the same arrays in one process.

Ten million predictions, 20 segments. Both give every metric of the whole and of each segment: of a regression MAE, MSE,
RMSE, R², WAPE, bias and Poisson deviance; of yes and no accuracy, precision, recall, F1, log loss, Brier score, area
under the curve and the confusion matrix. scikit-learn is called as one would, a function a metric, on the whole and on
the rows of each segment. Answers are compared before times are. Sides take turns in every round; ratios are medians of
those of one round.

Figures: ``sklearn_ratio``: scikit-learn's time over ours, regression; ``sklearn_binary_ratio``: of yes and no;
``limit_ratio``, ``limit_binary_ratio``: ours over adding up every array once; ``bootstrap_ratio``: a plain loop that
draws 500 clusters with replacement and computes RMSE and bias from their rows, over ours, both for 1,000 draws (the
loop is timed on a few and scaled); ``peak_mb``: what our regression metrics hold beside the arrays, in 10⁶ bytes.

``ROWS``, ``ROUNDS`` and ``LOOPS`` (draws of the plain loop) restrict a run.
"""

import json
import os
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from sklearn import metrics as theirs

from spalje.quality.bootstrap import drawn
from spalje.quality.grouped import GroupedBinary, GroupedRegression
from spalje.quality.tally import bias, grouped, score, tally

SEGMENTS, CLUSTERS, DRAWS = 20, 500, 1000
WORKERS = os.cpu_count() or 1


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Seconds of wall time, and the answer."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


class Sales:
    """Counts, mostly 0, and what was expected."""

    def __init__(self, rows: int) -> None:
        rng = np.random.default_rng(1)
        self.prediction = rng.gamma(0.5, 1.0, size=rows) + 1e-3
        self.truth = rng.poisson(self.prediction).astype(float)
        self.codes = rng.integers(0, SEGMENTS, size=rows)
        self.cluster = rng.integers(0, CLUSTERS, size=rows)

    def ours(self) -> dict[str, np.ndarray]:
        sums = GroupedRegression.of(self.truth, self.prediction, self.codes, SEGMENTS, workers=WORKERS)
        return {name: np.append(values, sums.whole.metrics[name]) for name, values in sums.metrics.items()}

    def theirs(self) -> dict[str, np.ndarray]:
        found: dict[str, list[float]] = {}
        for segment in (*range(SEGMENTS), None):
            rows = slice(None) if segment is None else self.codes == segment
            y, p = self.truth[rows], self.prediction[rows]
            for name, value in {
                "mae": theirs.mean_absolute_error(y, p),
                "mse": theirs.mean_squared_error(y, p),
                "rmse": theirs.root_mean_squared_error(y, p),
                "r2": theirs.r2_score(y, p),
                "wape": np.abs(p - y).sum() / np.abs(y).sum(),
                "bias": (p - y).sum() / np.abs(y).sum(),
                "poisson_deviance": theirs.mean_poisson_deviance(y, p),
            }.items():
                found.setdefault(name, []).append(value)
        return {name: np.array(values) for name, values in found.items()}

    def limit(self) -> float:
        return float(self.truth.sum() + self.prediction.sum() + self.codes.sum())

    def bootstrap(self) -> np.ndarray:
        error = self.prediction - self.truth
        rows = tally(error * error, self.truth, self.prediction)
        draws = drawn(grouped(rows, self.cluster, CLUSTERS), DRAWS, np.random.default_rng(1))
        return np.stack([score(draws, root=True), bias(draws)])

    def loop(self, draws: int) -> np.ndarray:
        rng = np.random.default_rng(1)
        order = np.argsort(self.cluster, kind="stable")
        places = np.split(order, np.cumsum(np.bincount(self.cluster, minlength=CLUSTERS))[:-1])
        found = []
        for _ in range(draws):
            rows = np.concatenate([places[one] for one in rng.integers(0, CLUSTERS, size=CLUSTERS)])
            y, p = self.truth[rows], self.prediction[rows]
            found.append((np.sqrt(np.mean((p - y) ** 2)), (p - y).sum() / y.sum()))
        return np.array(found).T


class Answers:
    """Yes and no, and the chances that were predicted."""

    def __init__(self, rows: int) -> None:
        rng = np.random.default_rng(2)
        self.chance = rng.beta(1.0, 3.0, size=rows)
        self.truth = rng.random(rows) < self.chance
        self.codes = rng.integers(0, SEGMENTS, size=rows)

    def ours(self) -> dict[str, np.ndarray]:
        sums = GroupedBinary.of(self.truth, self.chance, self.codes, SEGMENTS, workers=WORKERS)
        return {name: np.append(values, sums.whole.metrics[name]) for name, values in sums.metrics.items()}

    def theirs(self) -> dict[str, np.ndarray]:
        found: dict[str, list[float]] = {}
        for segment in (*range(SEGMENTS), None):
            rows = slice(None) if segment is None else self.codes == segment
            y, p = self.truth[rows], self.chance[rows]
            hard = p >= 0.5
            (_, _), (_, _) = theirs.confusion_matrix(y, hard)
            precision, recall, f1, _ = theirs.precision_recall_fscore_support(y, hard, average="binary")
            for name, value in {
                "accuracy": theirs.accuracy_score(y, hard),
                "precision": precision,
                "recall": recall,
                "f1": f1,
                "auc": theirs.roc_auc_score(y, p),
                "log_loss": theirs.log_loss(y, p),
                "brier": theirs.brier_score_loss(y, p),
                "bias": (p.sum() - y.sum()) / y.sum(),
            }.items():
                found.setdefault(name, []).append(value)
        return {name: np.array(values) for name, values in found.items()}

    def limit(self) -> float:
        return float(self.truth.sum() + self.chance.sum() + self.codes.sum())


def agree(ours: dict[str, np.ndarray], reference: dict[str, np.ndarray]) -> None:
    """Refuse to time what gives other answers.

    Raises:
        SystemExit: a figure differs by more than one part in 10 ** 12.
    """
    for name, values in reference.items():
        off = np.abs(ours[name] - values).max() / np.abs(values).max()
        if not off < 1e-12:
            raise SystemExit(f"{name} differs from scikit-learn's by {off:.1e}.")


def main() -> None:
    rows, rounds = int(os.environ.get("ROWS", "10000000")), int(os.environ.get("ROUNDS", "3"))
    loops = int(os.environ.get("LOOPS", "5"))
    taken: dict[str, list[float]] = {}
    for name, side in (("regression", Sales(rows)), ("binary", Answers(rows))):
        agree(side.ours(), side.theirs())
        for _ in range(rounds):
            limit, ours, peer = (timed(work)[0] for work in (side.limit, side.ours, side.theirs))
            for key, value in (("limit", limit), ("ours", ours), ("sklearn", peer)):
                taken.setdefault(f"{name} {key}", []).append(value)
            print(
                f"{name}: arrays once {limit:.3f} s, ours {ours:.3f} s, scikit-learn {peer:.2f} s", flush=True
            )
    sales = Sales(rows)
    for _ in range(rounds):
        ours, draws = timed(sales.bootstrap)
        plain, some = timed(lambda: sales.loop(loops))
        taken.setdefault("bootstrap", []).append(plain / loops * DRAWS / ours)
        print(
            f"bootstrap: ours {ours:.3f} s, a plain loop {plain / loops * DRAWS:.0f} s ({loops} draws timed)",
            flush=True,
        )
    spread = np.asarray(draws).std(axis=1) / np.abs(
        np.asarray(some) - np.asarray(draws).mean(axis=1)[:, None]
    ).max(axis=1)
    if not (spread > 0.1).all():
        raise SystemExit("The loop's draws are not like ours.")
    tracemalloc.start()
    sales.ours()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()

    def ratio(one: str, two: str) -> float:
        return statistics.median(a / b for a, b in zip(taken[one], taken[two], strict=True))

    figures = {
        "sklearn_ratio": round(ratio("regression sklearn", "regression ours"), 1),
        "sklearn_binary_ratio": round(ratio("binary sklearn", "binary ours"), 1),
        "bootstrap_ratio": round(statistics.median(taken["bootstrap"])),
        "limit_ratio": round(ratio("regression ours", "regression limit"), 1),
        "limit_binary_ratio": round(ratio("binary ours", "binary limit"), 1),
        "peak_mb": round(peak, 1),
        "rows": rows,
        "workers": WORKERS,
        "scikit-learn": version("scikit-learn"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}",
    }
    print(json.dumps({"bench": "quality", "figures": figures}))


if __name__ == "__main__":
    main()
