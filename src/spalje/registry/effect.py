"""What a finished step writes to the metadata in the same transaction as its outputs."""

from typing import TypeAlias

from spalje.registry.batch import Evaluation, NewBatch
from spalje.registry.version import NewVersion

Effect: TypeAlias = NewVersion | NewBatch | Evaluation
