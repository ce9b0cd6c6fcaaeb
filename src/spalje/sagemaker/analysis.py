"""Clarify's ``analysis.json``: global attributions, which are its attribution baseline too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from spalje.errors import BadInput

#: The file's name.
FILE = "analysis.json"


@dataclass(frozen=True, slots=True)
class Analysis:
    """Global attributions.

    Attributes:
        values: output (``label0``, …) -> feature -> global attribution.
        expected: output -> what is predicted for the background; of those whose is known.
        others: everything else in the file (bias metrics, other explanations), kept as it is.
    """

    values: Mapping[str, Mapping[str, float]]
    expected: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Self:
        """From a file; what is not known here is kept.

        Raises:
            BadInput: it is no such file, or has no Shapley values.
        """
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            labels = document["explanations"]["kernel_shap"]
            values = {
                str(label): {str(name): float(value) for name, value in known["global_shap_values"].items()}
                for label, known in labels.items()
            }
            expected = {
                str(label): float(known["expected_value"])
                for label, known in labels.items()
                if known.get("expected_value") is not None
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(
                f"{file} is no analysis.json of Clarify with Shapley values: {error!r}.",
                do="Give the file that Clarify, or `spalje explain --out`, has written.",
            ) from error
        others = {key: value for key, value in document.items() if key != "explanations"}
        more = {key: value for key, value in document["explanations"].items() if key != "kernel_shap"}
        return cls(values, expected, {**others, **({"explanations": more} if more else {})})

    def document(self) -> dict[str, Any]:
        """As the file has it.

        Example:
            >>> Analysis({"label0": {"price": 2.0}}, {"label0": 5.0}).document()["explanations"]["kernel_shap"]
            {'label0': {'global_shap_values': {'price': 2.0}, 'expected_value': 5.0}}
        """
        labels = {
            label: {
                "global_shap_values": dict(values),
                **({"expected_value": self.expected[label]} if label in self.expected else {}),
            }
            for label, values in self.values.items()
        }
        others = dict(self.others)
        more = others.pop("explanations", {})
        return {"version": "1.0", **others, "explanations": {**more, "kernel_shap": labels}}

    def write(self, file: Path) -> None:
        """Write the file: strict JSON."""
        text = json.dumps(self.document(), ensure_ascii=False, allow_nan=False, indent=2)
        file.write_text(text + "\n", encoding="utf-8")
