"""Nearest neighbours among vectors: an index in one file, built from arrays or files, searched from a disk, a server or a store."""
import os
import tempfile
from ctypes import POINTER, byref, c_uint64, c_void_p

import numpy as np

from . import _structs as s
from ._library import call, call_long, init, lib, text
from .context import get

METRICS = ("l2", "cosine", "ip")
RERANKS = ("none", "fp32", "fp16", "sq8")
NOT_FOUND = 2**64 - 1
_FORMATS = {np.dtype("<f4"): 6, np.dtype("<f2"): 7, np.dtype("<f8"): 8, np.dtype("u1"): 9}  # SCREE_VECTORS_FORMAT_F4 ...


def build_index(vectors, output, *, metric="l2", bits=1, rerank="fp16", lists=0, ids=None, tags=None, seed=1,
                list_bytes=None, sample_rows=0, skip_invalid=False, replace=False, append=False, scratch_folder=None, context=None):
    """
    Builds an index file. vectors: an array of shape (n, dimensions), the path of a file (.npy .fvecs .bvecs .fbin .u8bin), or a dict of these by the
    names of columns. ids: whole numbers, or the path of a file of them; tags: a list of texts, commas between the tags of one, or a path.
    append: the rows go to the index that is there, as a further segment, with its own settings. Returns a dict of row_count, output_bytes and, by name, columns.
    """
    context = get(context)
    columns = vectors if isinstance(vectors, dict) else {"vector": vectors}
    remote = "://" in os.fspath(output)
    folder = scratch_folder if scratch_folder is not None else None if remote else os.path.dirname(output) or "."
    kept = []  # arrays that the library reads where they are
    with tempfile.TemporaryDirectory(prefix=".scree-", dir=folder) as made:
        options = init(s.VectorsBuildOptions)
        structs = (s.VectorsColumnOptions * len(columns))()
        for number, (name, rows) in enumerate(columns.items()):
            structs[number].name = name.encode()
            _set_input(structs[number].input, rows, kept)
            structs[number].metric = METRICS.index(_of(metric, name))
            structs[number].rerank = RERANKS.index(_of(rerank, name))
            structs[number].bits, structs[number].list_count = _of(bits, name), _of(lists, name)
        options.columns, options.column_count = structs, len(columns)
        options.output, options.replace, options.append = text(output), replace, append
        if _is_path(ids):
            options.ids = text(ids)
        elif ids is not None:
            numbers = _ids_of(ids)
            kept.append(numbers)
            options.id_values, options.id_count = numbers.ctypes.data_as(POINTER(c_uint64)), len(numbers)
        options.tags = text(_tags_file(tags, os.path.join(made, "tags")))
        options.seed, options.sample_rows, options.skip_invalid = seed, sample_rows, skip_invalid
        options.list_bytes = list_bytes or options.list_bytes
        options.scratch_folder = text(scratch_folder)
        options.source_options, options.sink_options = context.source_options, context.sink_options
        job, result = c_void_p(), s.VectorsBuildResult.new()
        call_long(context.handle, "scree_vectors_build_open", context.handle, byref(options), byref(job))
        try:
            call_long(context.handle, "scree_vectors_build_run", job, byref(result))
        finally:
            lib.scree_vectors_build_close(job)
    return {"row_count": result.row_count, "output_bytes": result.output_bytes,
            "columns": {name: {field: getattr(result.columns[number], field) for field, _ in s.VectorsBuildColumn._fields_}
                        for number, name in enumerate(columns)}}


class Index:
    """An index that is open for searching; what it reads is kept within half of the context's memory budget."""

    def __init__(self, location, cache_bytes=0, context=None):
        self.context = get(context)
        self._handle = None
        options = init(s.VectorsOpenOptions)
        options.source_options, options.cache_bytes = self.context.source_options, cache_bytes
        handle = c_void_p()
        call_long(self.context.handle, "scree_vectors_open", self.context.handle, text(location), byref(options), byref(handle))
        self._handle = handle

    @property
    def handle(self):
        if self._handle is None:
            raise ValueError("the index is closed")
        return self._handle

    @property
    def columns(self):
        """By name: dim, metric, bits, rerank, vector_count, list_count ..."""
        info, column, known = s.VectorsInfo.new(), s.VectorsColumnInfo.new(), {}
        lib.scree_vectors_info(self.handle, byref(info))
        for number in range(info.column_count):
            lib.scree_vectors_column_info(self.handle, number, byref(column))
            words = {name: getattr(column, name) for name, _ in column._fields_ if name != "name"}
            words["metric"], words["rerank"] = METRICS[column.metric], RERANKS[column.rerank]
            known[column.name.decode()] = words
        return known

    def search(self, queries, k=10, *, column=None, nprobe=0, recall=0.0, bits=0, rerank=True, deviations=None, within=None,
               ids=None, tag=None):
        """
        The k nearest of each query. queries: shape (n, dimensions), or (dimensions,) for one. Returns (ids, distances) of shape (n, k), or (k,); behind
        what was found NOT_FOUND and infinity. nprobe: lists to look at; recall: as many as an evaluation found to be needed. ids: (begin, end), only
        these.
        """
        queries = np.asarray(queries, dtype=np.float32)
        single = queries.ndim == 1
        queries = np.ascontiguousarray(queries[None] if single else queries)
        dims = {name: words["dim"] for name, words in self.columns.items()}
        dim = dims.get(column) if column is not None else next(iter(dims.values()))
        if queries.ndim != 2 or (dim is not None and queries.shape[1] != dim):
            raise ValueError(f"queries: shape (n, {dim}) is expected, not {queries.shape}")
        options = init(s.VectorsSearchOptions)
        options.column, options.k, options.nprobe, options.recall = text(column), k, nprobe, recall
        options.bits, options.no_rerank, options.tag = bits, not rerank, text(tag)
        options.deviations = options.deviations if deviations is None else deviations
        options.within = options.within if within is None else within
        if ids is not None:
            ranges = (s.VectorsIdRange * 1)(tuple(ids))
            options.id_ranges, options.id_range_count = ranges, 1
        found = np.empty((len(queries), k), dtype=np.uint64)
        distances = np.empty((len(queries), k), dtype=np.float32)
        if len(queries):
            call_long(self.context.handle, "scree_vectors_search", self.handle, byref(options), queries.ctypes.data, len(queries),
                      found.ctypes.data, distances.ctypes.data, None, None)
        return (found[0], distances[0]) if single else (found, distances)

    def close(self):
        if self._handle is not None:
            lib.scree_vectors_close(self._handle)
            self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_handle", None) is not None and self.context._handle is not None:
            self.close()


def delete_ids(path, ids, context=None):
    """Searches leave these ids out from the next opening on. Returns how many are deleted all in all."""
    ids = np.ascontiguousarray(ids, dtype=np.uint64)
    deleted, context = c_uint64(), get(context)
    call("scree_vectors_delete", context.handle, text(path), ids.ctypes.data, ids.size, byref(deleted))
    return deleted.value


def _of(value, name):
    return value[name] if isinstance(value, dict) else value


def _is_path(value):
    return isinstance(value, (str, bytes, os.PathLike))


def _set_input(to, rows, kept):
    """A path, or an array as plain numbers in memory, which `kept` keeps."""
    if _is_path(rows):
        to.location = text(rows)
        return
    rows = np.asarray(rows)
    if rows.ndim != 2:
        raise ValueError(f"vectors: shape (n, dimensions) is expected, not {rows.shape}")
    if rows.dtype not in _FORMATS:
        rows = rows.astype("<f4")
    rows = np.ascontiguousarray(rows)
    kept.append(rows)
    to.memory, to.memory_bytes = rows.ctypes.data, rows.nbytes
    to.format, to.dim = _FORMATS[rows.dtype], rows.shape[1]


def _ids_of(ids):
    ids = np.asarray(ids)
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise ValueError("ids: one axis of whole numbers is expected")
    if ids.dtype.kind == "i" and len(ids) and ids.min() < 0:
        raise ValueError(f"ids: {ids.min()} is negative")
    return np.ascontiguousarray(ids.astype("<u8"))


def _tags_file(tags, path):
    if tags is None or _is_path(tags):
        return tags
    with open(path, "w", encoding="utf-8") as file:
        for line in tags:
            if "\n" in line:
                raise ValueError("tags: a tag has no line ends")
            file.write(line + "\n")
    return path
