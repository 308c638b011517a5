"""Points out of LAS, LAZ and COPC files: as arrays, as a count, as another file."""
import ctypes
import os
from ctypes import byref, c_void_p

import numpy as np

from . import _structs as s
from ._library import call, call_long, init, lib, text, texts
from .context import get
from .records import Layout


class Query:
    """
    What is asked of files; all that is given has to hold of a point (docs/query.md has it to the last bit).
    bounds: (x0, y0, x1, y1) or (x0, y0, z0, x1, y1, z1), half open; polygon: WKT or GeoJSON; circle: (x, y, r); crs: of these three; resolution, level:
    how much of an octree; limit: the first so many; time: (t0, t1) or "t0,t1"; classes: [2, 6] or "2,6"; returns: "first"; where: "intensity > 100".
    fields: names of what is to be decoded, None for all.
    """

    def __init__(self, paths, fields=None, *, bounds=None, polygon=None, circle=None, crs=None, resolution=None,
                 level=None, limit=None, time=None, classes=None, returns=None, where=None, context=None):
        self.context = get(context)
        self.paths = [paths] if isinstance(paths, (str, bytes, os.PathLike)) else list(paths)
        self.names = None if fields is None else list(fields)
        self._handle = None
        options = init(s.QueryOptions)
        options.inputs, options.input_count = texts(self.paths), len(self.paths)
        if bounds is not None:
            axes = len(bounds) // 2
            if len(bounds) not in (4, 6):
                raise ValueError("bounds: four or six numbers are expected")
            options.bounds_axes = axes
            options.bounds_min[:axes], options.bounds_max[:axes] = bounds[:axes], bounds[axes:]
        if circle is not None:
            options.has_circle, options.circle[:] = True, circle
        options.polygon, options.crs, options.where = text(polygon), text(crs), text(where)
        options.resolution = resolution or 0.0
        options.level = -1 if level is None else level
        options.limit = limit or 0
        options.time, options.classes, options.returns = text(_list(time)), text(_list(classes)), text(_list(returns))
        # Quotes let names of extra dimensions hold any sign.
        options.dims = None if fields is None else text(",".join(_quoted(name) for name in self.names))
        options.source_options, options.sink_options = self.context.source_options, self.context.sink_options
        handle = c_void_p()
        call_long(self.context.handle, "scree_query_open", self.context.handle, byref(options), byref(handle))
        self._handle = handle

    @property
    def handle(self):
        if self._handle is None:
            raise ValueError("the query is closed")
        return self._handle

    @property
    def plan(self):
        """What the answer takes, known before a point is read: points_at_most, fetch_bytes, point_format, scale, offset, crs_name ..."""
        plan = lib.scree_query_plan(self.handle).contents
        known = _numbers(plan)
        known.update(scale=tuple(plan.scale), offset=tuple(plan.offset), crs_name=plan.crs_name.decode())
        return known

    def count(self):
        """How many points match. What lies wholly inside is not even read."""
        result = s.QueryResult.new()
        call_long(self.context.handle, "scree_query_count", self.handle, byref(result))
        return result.points_matched

    def each(self, function):
        """Calls function(records) with parts of the answer, in order: raw records, a structured array that is valid during the call."""
        layout = self.layout()
        failure = []

        def batch(_user, records, count, _error):
            try:
                raw = (ctypes.c_uint8 * (count * layout.record_dtype.itemsize)).from_address(records)
                function(np.frombuffer(raw, dtype=layout.record_dtype))
                return s.OK
            except BaseException as reason:  # C cannot pass it on
                failure.append(reason)
                return s.E_CANCELLED

        callback = s.QueryBatch(batch)
        result = s.QueryResult.new()
        try:
            call_long(self.context.handle, "scree_query_each", self.handle, callback, None, byref(result))
        except Exception:
            if failure:
                raise failure[0]
            raise
        return _numbers(result)

    def records(self):
        """All raw records of the answer, as a structured array."""
        layout, at = self.layout(), 0
        out = np.empty(self.plan["points_at_most"], dtype=layout.record_dtype)

        def take(records):
            nonlocal at
            out[at:at + len(records)] = records
            at += len(records)

        self.each(take)
        return out[:at]

    def points(self):
        """The fields of all points of the answer, as a structured array: coordinates and what has a scale as doubles, the rest as it is."""
        layout, at = self.layout(), 0
        fields = layout.choose(self.names)
        out = np.empty(self.plan["points_at_most"], dtype=layout.dtype(fields))

        def take(records):
            nonlocal at
            part = out[at:at + len(records)]
            for field in fields:
                part[field.name] = field.values(records)
            at += len(records)

        self.each(take)
        return out[:at]

    def write(self, path, replace=False):
        """The answer as a file, of the kind that its name says: .las .laz .copc.laz .csv .ply .npy."""
        output = init(s.QueryOutput)
        output.path, output.replace = text(path), replace
        result = s.QueryResult.new()
        call_long(self.context.handle, "scree_query_run", self.handle, byref(output), byref(result))
        return _numbers(result)

    def layout(self):
        """Where the fields of the records lie that come out; those of several files that differ are joined."""
        header = lib.scree_query_header(self.handle).contents
        count = lib.scree_query_extra_byte_count(self.handle)
        extras = [bytes(lib.scree_query_extra_byte(self.handle, index).contents.raw) for index in range(count)]
        return Layout(header.point_format, header.record_bytes, header.scale, header.offset, extras)

    def close(self):
        if self._handle is not None:
            lib.scree_query_close(self._handle)
            self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_handle", None) is not None and self.context._handle is not None:
            self.close()


def read(paths, fields=None, **question):
    """
    The points of files as a structured array with the given fields (None: all). The question is that of Query:
    scree.read("city.copc.laz", ["x", "y", "z"], bounds=(0, 0, 100, 100), resolution=0.5).
    """
    with Query(paths, fields, **question) as query:
        return query.points()


class Reader:
    """An open LAS or LAZ file: `header` and `descriptors` of its extra bytes."""

    def __init__(self, path, context=None):
        self.context = get(context)
        self._source, self._reader = c_void_p(), c_void_p()
        options = init(s.SourceOptions)
        options.s3 = self.context.source_options.contents.s3
        options.context = self.context.handle
        call("scree_source_open", text(path), byref(options), byref(self._source))
        try:
            call("scree_las_open", self._source, self.context.handle, byref(self._reader))
        except BaseException:
            lib.scree_source_close(self._source)
            raise

    @property
    def header(self):
        return lib.scree_las_header(self._reader).contents

    @property
    def descriptors(self):
        count = lib.scree_las_extra_byte_count(self._reader)
        return [bytes(lib.scree_las_extra_byte(self._reader, index).contents.raw) for index in range(count)]

    def wkt(self):
        """The coordinate reference system as WKT, None without one."""
        crs = s.LasCrs.new()
        call("scree_las_crs_read", self._reader, byref(crs))
        try:
            return crs.wkt.decode() if crs.wkt is not None else None
        finally:
            lib.scree_las_crs_release(byref(crs))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lib.scree_las_close(self._reader)
        lib.scree_source_close(self._source)


def header(path, context=None):
    """What the header of a LAS or LAZ file says: a dict of point_format, point_count, scale, offset, min, max, version, crs (WKT or None) ..."""
    with Reader(path, context) as reader:
        known = _numbers(reader.header)
        known["version"] = f"{known.pop('version_major')}.{known.pop('version_minor')}"
        for name in ("scale", "offset", "min", "max", "return_counts"):
            known[name] = tuple(getattr(reader.header, name))
        for name in ("system_id", "generating_software"):
            known[name] = getattr(reader.header, name).decode("latin-1")
        known["compressed"] = bool(reader.header.compressed)
        known["crs"] = reader.wkt()
        return known


def _numbers(struct):
    """The members of a C struct that are one whole number each."""
    return {name: getattr(struct, name) for name, _ in struct._fields_ if isinstance(getattr(struct, name), int)}


def _list(value):
    """"2,6" from itself, [2, 6] or 2; numbers with all their digits."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return repr(value)
    return ",".join(str(each) if isinstance(each, str) else repr(each.item() if hasattr(each, "item") else each)
                    for each in value)


def _quoted(name):
    return name if name.replace("_", "").isalnum() else f'"{name}"'
