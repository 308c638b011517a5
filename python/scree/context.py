"""A run's memory budget, threads, messages, and how remote files are reached."""
import ctypes
import os
import threading
import warnings
from ctypes import byref, c_uint64, c_void_p, pointer

from . import _structs as s
from ._library import call, init, lib


class Context:
    """
    Memory budget and threads that jobs share. memory: bytes, "2G", or None for 60 % of what is available; threads: None for all cores.
    log: called with (level, message), "warning", "info" or "debug"; the default makes Python warnings of warnings. progress: called with a dict.
    Keys for s3:// are looked for in the environment (AWS_ACCESS_KEY_ID ..., AWS_ENDPOINT_URL, AWS_REGION) unless s3 is a dict of
    endpoint, region, access_key_id, secret_access_key, session_token, anonymous. huge_pages: large buffers in pages of 2 MiB, where the system has them.
    """

    def __init__(self, memory=None, threads=None, log=None, progress=None, s3=None, huge_pages=False):
        options = init(s.ContextOptions)
        options.memory_bytes = _bytes(memory)
        options.threads = threads or 0
        options.huge_pages = huge_pages
        self._log, self._progress = log or _warn, progress
        self._callbacks = (s.LogCallback(self._on_log), s.ProgressCallback(self._on_progress))  # kept alive
        options.log = self._callbacks[0]
        if progress is not None:
            options.progress = self._callbacks[1]
        handle = c_void_p()
        call("scree_context_new", byref(options), byref(handle))
        self._handle = handle
        self._s3 = _s3_options(s3 if s3 is not None else _s3_environment())
        self._source = init(s.SourceOptions)
        self._source.s3 = pointer(self._s3)
        self._sink = init(s.SinkOptions)
        self._sink.s3 = pointer(self._s3)

    def _on_log(self, _user, level, message):
        self._log(("warning", "info", "debug")[level - 1], message.decode("utf-8", "replace"))

    def _on_progress(self, _user, progress):
        now = progress.contents
        self._progress({"stage": now.stage.decode(), "done": now.done, "total": now.total,
                        "memory_bytes": now.memory_bytes, "budget_bytes": now.budget_bytes,
                        "scratch_bytes": now.scratch_bytes})

    @property
    def handle(self):
        if self._handle is None:
            raise ValueError("the context is closed")
        return self._handle

    @property
    def source_options(self):
        """For the library's options; for opening a source oneself the context is in it."""
        return pointer(self._source)

    @property
    def sink_options(self):
        return pointer(self._sink)

    @property
    def threads(self):
        return lib.scree_context_threads(self.handle)

    @property
    def budget_bytes(self):
        return lib.scree_context_budget_bytes(self.handle)

    @property
    def peak_bytes(self):
        """The most that was taken from the budget at once. Arrays that Python holds are not part of it."""
        return lib.scree_context_peak_bytes(self.handle)

    def cancel(self):
        """Ends the running job with CancelledError; from any thread."""
        lib.scree_context_cancel(self.handle)

    def close(self):
        if self._handle is not None:
            lib.scree_context_free(self._handle)
            self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_handle", None) is not None:
            self.close()


_default = None
_lock = threading.Lock()


def get(context):
    """The context that was given, or the one that is made at the first call without."""
    global _default
    if context is not None:
        return context
    with _lock:
        if _default is None or _default._handle is None:
            _default = Context()
        return _default


def _warn(level, message):
    if level == "warning":
        warnings.warn(message, stacklevel=3)


def _bytes(memory):
    if memory is None:
        return 0
    if isinstance(memory, str):
        value = c_uint64()
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        call("scree_size_parse", memory.encode(), whole, byref(value))
        return value.value
    return int(memory)


def _s3_environment():
    def first(*names):
        return next((os.environ[name] for name in names if os.environ.get(name)), None)
    return {"endpoint": first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
            "region": first("AWS_REGION", "AWS_DEFAULT_REGION"), "access_key_id": first("AWS_ACCESS_KEY_ID"),
            "secret_access_key": first("AWS_SECRET_ACCESS_KEY"), "session_token": first("AWS_SESSION_TOKEN")}


def _s3_options(words):
    options = init(s.S3Options)
    for name, value in words.items():
        if name not in {field[0] for field in s.S3Options._fields_} - {"size", "style"}:
            raise TypeError(f"s3: unknown word {name!r}")
        if value is not None:
            setattr(options, name, bool(value) if name == "anonymous" else value.encode())
    if not options.access_key_id or not options.secret_access_key:
        options.anonymous = True
    return options
