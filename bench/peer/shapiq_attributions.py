"""shapiq's side of the attributions benchmark: KernelSHAP with every background row imputed."""

import numpy as np
import shapiq
from explained_input import main, row_by_row


def kernel(given):
    explainer = shapiq.TabularExplainer(
        given.predict,
        given.background,
        imputer="marginal",
        approximator="regression",
        index="SV",
        max_order=1,
        sample_size=len(given.background),
        random_state=given.seed,
    )

    def explain(rows):
        found = [explainer.explain(row, budget=given.budget) for row in rows]
        return np.array([values.get_n_order_values(1) for values in found])

    row_by_row(given, explain)


if __name__ == "__main__":
    main({"kernel": kernel})
