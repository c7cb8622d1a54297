"""The fold of the journal: events in, the situation out."""

from gridmend.runtime.fold.folding import Folding, fold
from gridmend.runtime.fold.positions import digest_of_positions
from gridmend.runtime.fold.stored import as_document, from_document

__all__ = ["Folding", "as_document", "digest_of_positions", "fold", "from_document"]
