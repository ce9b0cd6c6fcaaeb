"""Who attributes predictions to features: ourselves for any model and for trees, and the peers with how they differ."""

from dataclasses import dataclass

from bench.contestant import Contestant

NUMPY, ARROW = "numpy==2.4.6", "pyarrow==26.0.1"
BOOSTER = "lightgbm==4.7.0"

OURS = Contestant("spalje", "spalje_attributions.py")
#: Holds values against the truth; not timed.
SCORE = Contestant("score", "attribution_score.py")
SHAP = Contestant("shap", "shap_attributions.py", "shap==0.51.0", (BOOSTER, NUMPY, ARROW))
SHAPIQ = Contestant("shapiq", "shapiq_attributions.py", "shapiq==1.4.1", (BOOSTER, NUMPY, ARROW))
LIGHTGBM = Contestant("lightgbm", "lightgbm_attributions.py", BOOSTER, (NUMPY, ARROW))


@dataclass(frozen=True, slots=True)
class Line:
    """A way to attribute, which at each of its budgets is a point of the curve.

    Attributes:
        name: what it is called in the results.
        contestant: who does it.
        tool: what its program is told to do.
        background: rows of the background.
        budgets: what may be spent on a row: coalitions; for ``sampling`` pairs of model rows; 0 without a choice.
        often: the budgets that are measured in every round; the others in the first one only.
        peer: what ``PEERS`` calls it; None: it is ours.
        every: it explains every row; otherwise the first few, and its time is scaled.
        weighted: it knows weights of the background; otherwise its truth has equal ones.
        differs: how, in the table.
    """

    name: str
    contestant: Contestant
    tool: str
    background: int
    budgets: tuple[int, ...] = (0,)
    often: tuple[int, ...] = (0,)
    peer: str | None = None
    every: bool = False
    weighted: bool = True
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A line at one budget."""

    line: Line
    budget: int

    @property
    def name(self) -> str:
        """What it is called in the results."""
        return f"{self.line.name}@{self.budget}"


#: What ``KernelExplainer`` spends on a row of 30 features when it is not told: 2 × 30 + 2048.
FULL = 2_108
#: Pairs of model rows that are as many as those of ``FULL`` coalitions at 10 background rows.
PAIRS = 10 * FULL // 2
CURVE = (256, 512, 1_024, FULL, 4_096)
#: Ours at 10 background rows, and those of every round.
BUDGETS, OFTEN = (64, 192, 256, 320, 384, 512, 1_024, FULL), (256, 320, 384, 512)
BUDGETS_100, OFTEN_100 = (64, 192, 256, 320, 384, 512), (256, 320, 384)
EQUAL = "equal weights, held against the truth by equal weights"
INSIDE = "timed inside, once warm, without imports"

LINES = (
    Line("spalje", OURS, "kernel", 10, BUDGETS, OFTEN, every=True),
    Line("spalje_tree", OURS, "tree", 10, every=True),
    Line("spalje_tree_warm", OURS, "tree_warm", 10, every=True, differs=INSIDE),
    Line("kernel", SHAP, "kernel", 10, CURVE, (FULL,), peer="kernel"),
    Line(
        "permutation",
        SHAP,
        "permutation",
        10,
        CURVE,
        (FULL,),
        peer="permutation",
        weighted=False,
        differs=EQUAL,
    ),
    Line(
        "sampling",
        SHAP,
        "sampling",
        10,
        (1_280, 2_560, 5_120, PAIRS, 20_480),
        (PAIRS,),
        peer="sampling",
        weighted=False,
        differs=EQUAL,
    ),
    Line("shapiq", SHAPIQ, "kernel", 10, CURVE, (FULL,), peer="shapiq", weighted=False, differs=EQUAL),
    Line(
        "tree_explainer",
        SHAP,
        "tree",
        10,
        peer="tree_explainer",
        every=True,
        weighted=False,
        differs=f"{INSIDE}; {EQUAL}",
    ),
    Line(
        "pred_contrib",
        LIGHTGBM,
        "contrib",
        10,
        peer="pred_contrib",
        every=True,
        differs=f"{INSIDE}; another game: path-dependent, no background",
    ),
    Line("spalje_100", OURS, "kernel", 100, BUDGETS_100, OFTEN_100, every=True),
    Line("spalje_tree_100", OURS, "tree", 100, every=True),
    Line("spalje_tree_warm_100", OURS, "tree_warm", 100, every=True, differs=INSIDE),
    Line("kernel_100", SHAP, "kernel", 100, (FULL,), (FULL,), peer="kernel"),
    Line(
        "tree_explainer_100",
        SHAP,
        "tree",
        100,
        peer="tree_explainer",
        every=True,
        weighted=False,
        differs=f"{INSIDE}; {EQUAL}",
    ),
)
PEERS = tuple(dict.fromkeys(line.peer for line in LINES if line.peer))
TASKS = tuple(Task(line, budget) for line in LINES for budget in line.budgets)
