"""Arrays to LAS, LAZ and COPC; many files to one COPC file."""
import ctypes
import os
import tempfile
import time as clock
from ctypes import byref, c_size_t, c_uint8, c_uint64, c_void_p

import numpy as np

from . import _structs as s
from ._library import call, call_long, init, lib, text, texts
from .context import get
from .query import Reader, _numbers
from .records import from_points

CHUNK_POINTS = 50000
_GPS_STANDARD_TIME, _WKT = 0x0001, 0x0010


def convert(inputs, output, *, replace=False, crs=None, scale=None, fix_returns=False, scale_colors=False,
            temporal_stride=0, salvage=False, scratch_folder=None, context=None):
    """Turns LAS, LAZ and COPC files into one COPC file. Returns a dict of points_in, points_out, output_bytes, node_count ..."""
    context = get(context)
    inputs = [inputs] if isinstance(inputs, (str, bytes, os.PathLike)) else list(inputs)
    options = init(s.ConvertOptions)
    options.inputs, options.input_count, options.output = texts(inputs), len(inputs), text(output)
    options.replace, options.crs, options.scratch_folder = replace, text(crs), text(scratch_folder)
    options.fix_returns, options.scale_colors, options.salvage = fix_returns, scale_colors, salvage
    options.temporal_stride = 0xFFFFFFFF if temporal_stride == "auto" else temporal_stride
    if scale is not None:
        options.scale[:] = np.broadcast_to(scale, 3).tolist()
    options.source_options, options.sink_options = context.source_options, context.sink_options
    job, result = c_void_p(), s.ConvertResult.new()
    call_long(context.handle, "scree_convert_open", context.handle, byref(options), byref(job))
    try:
        call_long(context.handle, "scree_convert_run", job, byref(result))
    finally:
        lib.scree_convert_close(job)
    return _numbers(result)


def write(path, points, *, like=None, scale=None, offset=None, crs=None, point_format=None, gps_standard_time=True,
          replace=False, context=None):
    """
    Writes an array of fields as LAS 1.4: .las, .laz or .copc.laz, by the name. x, y and z are needed; fields that LAS does not know become extra
    dimensions. like: a file whose grid and CRS are taken. scale: 0.001 unless given; offset: the middle of the points, whole thousands of units.
    point_format: 6, 7 (colour) or 8 (and near infrared), by the fields unless given.
    """
    context = get(context)
    points = np.asarray(points)
    name = os.fspath(path)
    if points.dtype.names is None or not {"x", "y", "z"} <= set(points.dtype.names):
        raise ValueError("points: a structured array with x, y and z is expected")
    if like is not None:
        with Reader(like, context) as reader:
            scale = scale if scale is not None else tuple(reader.header.scale)
            offset = offset if offset is not None else tuple(reader.header.offset)
            crs = crs if crs is not None else reader.wkt()
            gps_standard_time = bool(reader.header.global_encoding & _GPS_STANDARD_TIME)
    if point_format is None:
        point_format = 8 if "nir" in points.dtype.names else 7 if "red" in points.dtype.names else 6
    if point_format not in (6, 7, 8):
        raise ValueError("point_format: 6, 7 or 8 is expected")
    scale = np.broadcast_to(0.001 if scale is None else scale, 3).tolist()
    offset = _middle(points) if offset is None else np.broadcast_to(offset, 3).tolist()
    records, descriptors = from_points(points, scale, offset, point_format)
    header = _header(records, descriptors, scale, offset, point_format, crs, gps_standard_time)
    vlrs, kept = _vlrs(descriptors, crs)
    if name.lower().endswith(".copc.laz"):
        if not replace and os.path.exists(name):
            raise FileExistsError(f"{name} is there already")
        with tempfile.TemporaryDirectory(prefix=".scree-", dir=os.path.dirname(name) or ".") as folder:
            plain = os.path.join(folder, "points.las")
            _write_file(context, plain, records, header, vlrs, False, False)
            convert(plain, name, replace=replace, context=context)
    elif name.lower().endswith((".las", ".laz")):
        _write_file(context, name, records, header, vlrs, name.lower().endswith(".laz"), replace)
    else:
        raise ValueError(f"{name}: a name that ends in .las, .laz or .copc.laz is expected")
    del kept


def _middle(points):
    if len(points) == 0:
        return [0.0, 0.0, 0.0]
    return [1000.0 * round((float(points[axis].min()) + float(points[axis].max())) / 2000) for axis in "xyz"]


def _header(records, descriptors, scale, offset, point_format, crs, gps_standard_time):
    header = s.LasHeader.new()
    header.version_major, header.version_minor, header.point_format = 1, 4, point_format
    header.record_bytes = records.dtype.itemsize
    header.global_encoding = (_GPS_STANDARD_TIME if gps_standard_time else 0) | _WKT
    header.system_id = b"scree python"
    header.generating_software = b"scree " + lib.scree_version()
    date = clock.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", clock.time())))
    header.creation_day, header.creation_year = date.tm_yday, date.tm_year
    header.scale[:], header.offset[:] = scale, offset
    return header


def _vlrs(descriptors, crs):
    """VLRs for CRS and extra bytes, and what has to live as long as they do."""
    vlrs, kept = [], []

    def add(user_id, record_id, description, payload):
        buffer = (c_uint8 * len(payload)).from_buffer_copy(payload)
        kept.append(buffer)
        vlrs.append(s.LasVlr(user_id=user_id, record_id=record_id, description=description,
                             payload_bytes=len(payload), payload=ctypes.addressof(buffer)))

    if crs is not None:
        known = s.LasCrs.new()
        call("scree_las_crs_from_text", text(crs), byref(known))
        try:
            add(b"LASF_Projection", 2112, b"OGC WKT coordinate system", known.wkt + b"\0")
        finally:
            lib.scree_las_crs_release(byref(known))
    if descriptors:
        add(b"LASF_Spec", 4, b"Extra bytes", b"".join(descriptors))
    return vlrs, kept


def _write_file(context, path, records, header, vlrs, compressed, replace):
    sink, writer, layout = c_void_p(), c_void_p(), s.LazLayout.new()
    options = init(s.SinkOptions)
    options.s3 = context.sink_options.contents.s3
    options.context, options.replace = context.handle, replace
    summary = init(s.LasSummary)
    if len(records):
        lib.scree_las_summary_add(byref(summary), header.point_format, records.ctypes.data, records.dtype.itemsize,
                                  len(records))
    if compressed:
        extra = records.dtype.itemsize - {6: 30, 7: 36, 8: 38}[header.point_format]
        call("scree_laz_layout_init", byref(layout), header.point_format, extra, CHUNK_POINTS)
    call("scree_sink_open", text(path), byref(options), byref(sink))
    try:
        call("scree_las_writer_new", sink, byref(header), (s.LasVlr * len(vlrs))(*vlrs), len(vlrs),
             byref(layout) if compressed else None, byref(writer))
        if compressed:
            _add_chunks(writer, records, layout)
        elif len(records):
            call("scree_las_writer_add_records", writer, records.ctypes.data, len(records))
        call("scree_las_writer_finish", writer, byref(summary))
        call("scree_sink_commit", sink)
    finally:
        lib.scree_las_writer_free(writer)
        lib.scree_sink_close(sink)


def _add_chunks(writer, records, layout):
    state_bytes = lib.scree_laz_encoder_bytes(byref(layout))
    state = np.empty(state_bytes + 64, dtype=np.uint8)
    aligned = (state.ctypes.data + 63) // 64 * 64
    chunk = np.empty(lib.scree_laz_encode_bound(byref(layout), min(CHUNK_POINTS, max(1, len(records)))), dtype=np.uint8)
    encoder, used = c_void_p(), c_size_t()
    call("scree_laz_encoder_init", aligned, state_bytes, byref(layout), byref(encoder))
    for first in range(0, len(records), CHUNK_POINTS):
        part = records[first:first + CHUNK_POINTS]
        call("scree_laz_encode", encoder, part.ctypes.data, part.dtype.itemsize, len(part), chunk.ctypes.data, chunk.size,
             byref(used))
        call("scree_las_writer_add_chunk", writer, chunk.ctypes.data, used.value, len(part), byref(c_uint64()))
