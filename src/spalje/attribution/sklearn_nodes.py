"""Trees of scikit-learn, from the table of nodes that is made of them where the model is."""

import json
from itertools import pairwise

import numpy as np
import pyarrow as pa

from spalje.attribution.trees import Trees


def read(document: pa.Table) -> Trees:
    """The trees in a table of nodes, see ``spalje.model.ensemble``.

    Args:
        document: columns ``tree``, ``output``, ``feature``, ``threshold``, ``left``, ``right``, ``default_left``,
            ``value`` and ``cover``; ``single`` and ``features`` in its metadata.
    """
    columns = {name: document[name].to_numpy() for name in document.column_names}
    starts = np.flatnonzero(np.diff(columns["tree"], prepend=-1))
    bounds = [*starts.tolist(), document.num_rows]
    trees = [
        {
            **{name: values[first:last] for name, values in columns.items()},
            "output": int(columns["output"][first]),
        }
        for first, last in pairwise(bounds)
    ]
    said = document.schema.metadata
    names = [str(place) for place in range(json.loads(said[b"features"]))]
    outputs = int(columns["output"].max(initial=0)) + 1
    return Trees.joined(names, trees, outputs, single=json.loads(said[b"single"]))
