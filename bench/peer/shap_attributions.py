"""shap's side of the attributions benchmark: four explainers, at a budget for each row."""

import numpy as np
import shap
from explained_input import all_at_once, main, row_by_row
from shap.utils._legacy import DenseData


def kernel(given):
    np.random.seed(given.seed)  # noqa: NPY002  it draws from the global generator
    names = [str(number) for number in range(given.rows.shape[1])]
    background = DenseData(given.background, names, None, given.weights)
    explainer = shap.KernelExplainer(given.predict, background)
    row_by_row(
        given, lambda rows: explainer.shap_values(rows, nsamples=given.budget, l1_reg=False, silent=True)
    )


def permutation(given):
    masker = shap.maskers.Independent(given.background, max_samples=len(given.background))
    explainer = shap.PermutationExplainer(given.predict, masker, seed=given.seed)
    row_by_row(given, lambda rows: explainer(rows, max_evals=given.budget, silent=True).values)


def sampling(given):
    np.random.seed(given.seed)  # noqa: NPY002  it draws from the global generator
    explainer = shap.SamplingExplainer(given.predict, given.background)
    row_by_row(given, lambda rows: explainer.shap_values(rows, nsamples=given.budget, silent=True))


def tree(given):
    """Exact, by equal weights: it knows no others, and a call for each background row would cost it more."""

    def explain(rows):
        masker = shap.maskers.Independent(given.background, max_samples=len(given.background))
        explainer = shap.TreeExplainer(given.predict.booster, masker, feature_perturbation="interventional")
        return explainer.shap_values(rows, check_additivity=False)

    all_at_once(given, explain)


if __name__ == "__main__":
    main({"kernel": kernel, "permutation": permutation, "sampling": sampling, "tree": tree})
