"""Finds the shared library, declares its functions, and turns failures into exceptions."""
import ctypes
import ctypes.util
import os
import threading
from ctypes import POINTER, byref, c_bool, c_char_p, c_int, c_size_t, c_uint, c_uint16, c_uint32, c_uint64, c_void_p

from . import _structs as s

# The soname that goes with this package: a minor version may change the binary interface while the major one is 0.
SONAME = "libscree.so.0.1"


class Error(Exception):
    """A call failed; the text is the library's. `status` is its number, `need_bytes` the memory budget that would have done."""

    def __init__(self, message, status, need_bytes=0):
        super().__init__(message)
        self.status = status
        self.need_bytes = need_bytes


class ArgumentError(Error, ValueError):
    """Something was asked for that makes no sense."""


class BudgetError(Error, MemoryError):
    """The memory budget is too small; `need_bytes` would do."""


class FileError(Error, OSError):
    """A file or a server: not there, no access, a disk that is full."""

    def __init__(self, message, status, need_bytes=0):
        OSError.__init__(self, message)
        self.status = status
        self.need_bytes = need_bytes


class ExistsError(FileError):
    """The output is there already, and replace was not asked for."""


class DataError(Error, ValueError):
    """The input is damaged."""


class UnsupportedError(Error):
    """The input is of a kind that scree does not handle."""


class CancelledError(Error):
    """The job was cancelled."""


class MismatchError(Error, ValueError):
    """Inputs that do not go together."""


_classes = {s.E_ARGUMENT: ArgumentError, s.E_MEMORY: BudgetError, s.E_BUDGET: BudgetError, s.E_IO: FileError,
            s.E_DATA: DataError, s.E_UNSUPPORTED: UnsupportedError, s.E_EXISTS: ExistsError,
            s.E_CANCELLED: CancelledError, s.E_MISMATCH: MismatchError}


def _load():
    """SCREE_LIBRARY, then beside the package, then wherever the system looks."""
    named = os.environ.get("SCREE_LIBRARY")
    if named:
        return ctypes.CDLL(named)
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (here, os.path.join(here, os.pardir)):
        path = os.path.join(folder, SONAME)
        if os.path.exists(path):
            return ctypes.CDLL(path)
    try:
        return ctypes.CDLL(SONAME)
    except OSError as reason:
        raise ImportError(f"{SONAME} is not found: install the library, or set SCREE_LIBRARY to its path ({reason})")


lib = _load()
_failing = {}  # name: arguments but the last, which is the error

_P = POINTER
_size = c_size_t
_declared = {
    # name: (result, arguments); result "status": fails through an error as the last argument
    "scree_version": (c_char_p, []),
    "scree_size_parse": ("status", [c_char_p, c_uint64, _P(c_uint64)]),
    "scree_context_options_init": (None, [_P(s.ContextOptions)]),
    "scree_context_new": ("status", [_P(s.ContextOptions), _P(c_void_p)]),
    "scree_context_free": (None, [c_void_p]),
    "scree_context_cancel": (None, [c_void_p]),
    "scree_context_threads": (c_uint, [c_void_p]),
    "scree_context_budget_bytes": (c_uint64, [c_void_p]),
    "scree_context_peak_bytes": (c_uint64, [c_void_p]),
    "scree_s3_options_init": (None, [_P(s.S3Options)]),
    "scree_source_options_init": (None, [_P(s.SourceOptions)]),
    "scree_source_open": ("status", [c_char_p, _P(s.SourceOptions), _P(c_void_p)]),
    "scree_source_close": (None, [c_void_p]),
    "scree_sink_options_init": (None, [_P(s.SinkOptions)]),
    "scree_sink_open": ("status", [c_char_p, _P(s.SinkOptions), _P(c_void_p)]),
    "scree_sink_commit": ("status", [c_void_p]),
    "scree_sink_close": (None, [c_void_p]),
    "scree_las_open": ("status", [c_void_p, c_void_p, _P(c_void_p)]),
    "scree_las_close": (None, [c_void_p]),
    "scree_las_header": (_P(s.LasHeader), [c_void_p]),
    "scree_las_extra_byte_count": (c_uint32, [c_void_p]),
    "scree_las_extra_byte": (_P(s.LasExtraByte), [c_void_p, c_uint32]),
    "scree_las_crs_read": ("status", [c_void_p, _P(s.LasCrs)]),
    "scree_las_crs_from_text": ("status", [c_char_p, _P(s.LasCrs)]),
    "scree_las_crs_release": (None, [_P(s.LasCrs)]),
    "scree_las_summary_init": (None, [_P(s.LasSummary)]),
    "scree_las_summary_add": (None, [_P(s.LasSummary), c_uint, c_void_p, _size, c_uint64]),
    "scree_las_writer_new": ("status", [c_void_p, _P(s.LasHeader), _P(s.LasVlr), c_uint64, _P(s.LazLayout),
                                        _P(c_void_p)]),
    "scree_las_writer_add_records": ("status", [c_void_p, c_void_p, c_uint64]),
    "scree_las_writer_add_chunk": ("status", [c_void_p, c_void_p, c_uint64, c_uint64, _P(c_uint64)]),
    "scree_las_writer_finish": ("status", [c_void_p, _P(s.LasSummary)]),
    "scree_las_writer_free": (None, [c_void_p]),
    "scree_laz_layout_init": ("status", [_P(s.LazLayout), c_uint, c_uint32, c_uint32]),
    "scree_laz_encoder_bytes": (_size, [_P(s.LazLayout)]),
    "scree_laz_encoder_init": ("status", [c_void_p, _size, _P(s.LazLayout), _P(c_void_p)]),
    "scree_laz_encode_bound": (_size, [_P(s.LazLayout), c_uint64]),
    "scree_laz_encode": ("status", [c_void_p, c_void_p, _size, c_uint64, c_void_p, _size, _P(_size)]),
    "scree_convert_options_init": (None, [_P(s.ConvertOptions)]),
    "scree_convert_open": ("status", [c_void_p, _P(s.ConvertOptions), _P(c_void_p)]),
    "scree_convert_run": ("status", [c_void_p, _P(s.ConvertResult)]),
    "scree_convert_close": (None, [c_void_p]),
    "scree_query_options_init": (None, [_P(s.QueryOptions)]),
    "scree_query_open": ("status", [c_void_p, _P(s.QueryOptions), _P(c_void_p)]),
    "scree_query_plan": (_P(s.QueryPlan), [c_void_p]),
    "scree_query_extra_byte_count": (c_uint32, [c_void_p]),
    "scree_query_extra_byte": (_P(s.LasExtraByte), [c_void_p, c_uint32]),
    "scree_query_header": (_P(s.LasHeader), [c_void_p]),
    "scree_query_close": (None, [c_void_p]),
    "scree_query_each": ("status", [c_void_p, s.QueryBatch, c_void_p, _P(s.QueryResult)]),
    "scree_query_count": ("status", [c_void_p, _P(s.QueryResult)]),
    "scree_query_output_init": (None, [_P(s.QueryOutput)]),
    "scree_query_run": ("status", [c_void_p, _P(s.QueryOutput), _P(s.QueryResult)]),
    "scree_feature_info": (_P(s.FeatureInfo), [c_int]),
    "scree_enrich_mode_features": (c_uint64, [c_int]),
    "scree_enrich_features_parse": ("status", [c_char_p, c_int, _P(c_uint64)]),
    "scree_enrich_options_init": (None, [_P(s.EnrichOptions)]),
    "scree_enrich_points": ("status", [c_void_p, _P(s.EnrichOptions), _P(s.EnrichCloud), c_void_p]),
    "scree_enrich_open": ("status", [c_void_p, _P(s.EnrichOptions), _P(c_void_p)]),
    "scree_enrich_run": ("status", [c_void_p, c_void_p]),
    "scree_enrich_close": (None, [c_void_p]),
    "scree_vectors_build_options_init": (None, [_P(s.VectorsBuildOptions)]),
    "scree_vectors_build_open": ("status", [c_void_p, _P(s.VectorsBuildOptions), _P(c_void_p)]),
    "scree_vectors_build_run": ("status", [c_void_p, _P(s.VectorsBuildResult)]),
    "scree_vectors_build_close": (None, [c_void_p]),
    "scree_vectors_open_options_init": (None, [_P(s.VectorsOpenOptions)]),
    "scree_vectors_open": ("status", [c_void_p, c_char_p, _P(s.VectorsOpenOptions), _P(c_void_p)]),
    "scree_vectors_close": (None, [c_void_p]),
    "scree_vectors_info": (None, [c_void_p, _P(s.VectorsInfo)]),
    "scree_vectors_column_info": (None, [c_void_p, c_uint32, _P(s.VectorsColumnInfo)]),
    "scree_vectors_search_options_init": (None, [_P(s.VectorsSearchOptions)]),
    "scree_vectors_search": ("status", [c_void_p, _P(s.VectorsSearchOptions), c_void_p, c_uint64, c_void_p, c_void_p,
                                        c_void_p, c_void_p]),
    "scree_vectors_delete": ("status", [c_void_p, c_char_p, c_void_p, c_uint64, _P(c_uint64)]),
}

for _name, (_result, _arguments) in _declared.items():
    _function = getattr(lib, _name)
    _function.restype = c_int if _result == "status" else _result
    _function.argtypes = _arguments + ([_P(s.ErrorStruct)] if _result == "status" else [])


def call(name, *arguments):
    """Calls a function that can fail, and raises what it says."""
    error = s.ErrorStruct.new()
    status = getattr(lib, name)(*arguments, byref(error))
    if status != s.OK:
        message = error.message.decode("utf-8", "replace") or f"{name}: status {status}"
        raise _classes.get(status, Error)(message, status, error.need_bytes)


def call_long(context, name, *arguments):
    """The same in a thread of its own, so that Ctrl-C cancels the job instead of waiting for it."""
    failure = []

    def work():
        try:
            call(name, *arguments)
        except BaseException as reason:  # handed to the thread that waits
            failure.append(reason)

    thread = threading.Thread(target=work, name=name)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(3600)
    except BaseException:
        lib.scree_context_cancel(context)
        thread.join()
        raise
    if failure:
        raise failure[0]


def text(value):
    """A str or path for the library; None stays None."""
    return None if value is None else os.fsencode(value)


def texts(values):
    return (c_char_p * len(values))(*[text(value) for value in values])


def init(struct_class):
    """A struct of options with its size and defaults set by scree_..._init()."""
    options = struct_class.new()
    getattr(lib, struct_class.c_name + "_init")(byref(options))
    return options
