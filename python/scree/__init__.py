"""
scree for Python: LAS, LAZ and COPC files as NumPy arrays, features of points, an index of vectors; over the shared library, by ctypes.

    points = scree.read("city.copc.laz", ["x", "y", "z", "classification"], bounds=(x0, y0, x1, y1), resolution=0.5)
    scree.write("part.laz", points, like="city.copc.laz")
    shape = scree.enrich(points, features="Planarity,HeightAboveGround")
    scree.build_index(vectors, "vectors.svx")
    ids, distances = scree.Index("s3://bucket/vectors.svx").search(queries, k=10)

Failures are exceptions (scree.Error) with the library's message. Every call takes a context: a memory budget and threads (scree.Context).
"""
from ._library import (ArgumentError, BudgetError, CancelledError, DataError, Error, ExistsError, FileError, MismatchError,
                       UnsupportedError, lib as _lib)
from .context import Context
from .features import NO_DATA, enrich, enrich_file, feature_names
from .query import Query, header, read
from .vectors import NOT_FOUND, Index, build_index, delete_ids
from .write import convert, write

__version__ = _lib.scree_version().decode()
__all__ = ["ArgumentError", "BudgetError", "CancelledError", "Context", "DataError", "Error", "ExistsError", "FileError", "Index",
           "MismatchError", "NOT_FOUND", "NO_DATA", "Query", "UnsupportedError", "build_index", "convert", "delete_ids",
           "enrich", "enrich_file", "feature_names", "header", "read", "write"]
