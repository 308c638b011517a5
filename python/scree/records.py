"""Point data records of the LAS specification, and the arrays of fields that they stand for; the names are those of docs/query.md."""
import struct

import numpy as np

_LEGACY = [("X", "<i4"), ("Y", "<i4"), ("Z", "<i4"), ("intensity", "<u2"), ("returns", "u1"), ("class", "u1"),
           ("scan_angle", "i1"), ("user_data", "u1"), ("point_source_id", "<u2")]
_EXTENDED = [("X", "<i4"), ("Y", "<i4"), ("Z", "<i4"), ("intensity", "<u2"), ("returns", "u1"), ("flags", "u1"),
             ("class", "u1"), ("user_data", "u1"), ("scan_angle", "<i2"), ("point_source_id", "<u2")]
_TIME = [("gps_time", "<f8")]
_COLOUR = [("red", "<u2"), ("green", "<u2"), ("blue", "<u2")]
_NIR = [("nir", "<u2")]
_WAVE = [("waveform", "V29")]
_FORMATS = [_LEGACY, _LEGACY + _TIME, _LEGACY + _COLOUR, _LEGACY + _TIME + _COLOUR, _LEGACY + _TIME + _WAVE,
            _LEGACY + _TIME + _COLOUR + _WAVE, _EXTENDED + _TIME, _EXTENDED + _TIME + _COLOUR,
            _EXTENDED + _TIME + _COLOUR + _NIR, _EXTENDED + _TIME + _WAVE,
            _EXTENDED + _TIME + _COLOUR + _NIR + _WAVE]

# Data types 1 to 10 of extra bytes.
_EXTRA_TYPES = ["u1", "i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"]

# name: (part of the record, first bit, bits)
_LEGACY_BITS = {"return_number": ("returns", 0, 3), "number_of_returns": ("returns", 3, 3),
                "synthetic": ("class", 5, 1), "key_point": ("class", 6, 1), "withheld": ("class", 7, 1),
                "scan_direction": ("returns", 6, 1), "edge_of_flight_line": ("returns", 7, 1),
                "classification": ("class", 0, 5)}
_EXTENDED_BITS = {"return_number": ("returns", 0, 4), "number_of_returns": ("returns", 4, 4),
                  "synthetic": ("flags", 0, 1), "key_point": ("flags", 1, 1), "withheld": ("flags", 2, 1),
                  "overlap": ("flags", 3, 1), "scanner_channel": ("flags", 4, 2), "scan_direction": ("flags", 6, 1),
                  "edge_of_flight_line": ("flags", 7, 1), "classification": ("class", 0, 8)}
_PLAIN = ("intensity", "user_data", "point_source_id", "gps_time", "red", "green", "blue", "nir")


class Field:
    """One field of a record: its name, the dtype of its values, and where they come from."""

    def __init__(self, name, dtype, part, first_bit=0, bits=0, scale=None, offset=0.0):
        self.name, self.dtype, self.part = name, np.dtype(dtype), part
        self.first_bit, self.bits, self.scale, self.offset = first_bit, bits, scale, offset

    def values(self, records):
        raw = records[self.part]
        if self.bits:
            return (raw >> self.first_bit) & ((1 << self.bits) - 1)
        if self.scale is not None:
            return raw.astype(np.float64) * self.scale + self.offset
        return raw


class Layout:
    """How records of a point format, with extra bytes, become fields. extras: bytes of descriptors, 192 each."""

    def __init__(self, point_format, record_bytes, scale, offset, extras=()):
        self.point_format, self.scale, self.offset = point_format, tuple(scale), tuple(offset)
        parts = list(_FORMATS[point_format])
        extended = point_format >= 6
        bits = _EXTENDED_BITS if extended else _LEGACY_BITS
        fields = [Field(name, "f8", name.upper(), scale=scale[axis], offset=offset[axis])
                  for axis, name in enumerate("xyz")]
        fields.append(Field("intensity", "u2", "intensity"))
        fields += [Field(name, "u1", *where) for name, where in bits.items()]
        fields.append(Field("scan_angle", "f8", "scan_angle", scale=0.006) if extended
                      else Field("scan_angle", "i1", "scan_angle"))
        there = {part for part, _ in parts}
        fields += [Field(name, dict(parts)[name], name) for name in _PLAIN[1:] if name in there]
        for number, raw in enumerate(extras):
            self._add_extra(parts, fields, number, bytes(raw))
        used = np.dtype(parts).itemsize
        if used < record_bytes:
            parts.append(("rest", f"V{record_bytes - used}"))
        self.record_dtype = np.dtype(parts)
        self.fields = {field.name: field for field in fields}

    @staticmethod
    def _add_extra(parts, fields, number, raw):
        data_type, options = raw[2], raw[3]
        name = raw[4:36].split(b"\0")[0].decode("latin-1")
        if data_type == 0 or data_type > 30:
            if data_type == 0 and options > 0:
                parts.append((f"extra{number}", f"V{options}"))
            return
        count = (data_type - 1) // 10 + 1
        for part in range(count):
            dtype = _EXTRA_TYPES[(data_type - 1) % 10]
            at = f"extra{number}_{part}"
            parts.append((at, dtype))
            scaled = options & 24
            scale = struct.unpack_from("<d", raw, 112 + 8 * part)[0] if options & 8 else 1.0
            offset = struct.unpack_from("<d", raw, 136 + 8 * part)[0] if options & 16 else 0.0
            fields.append(Field(name if count == 1 else f"{name}[{part}]", "f8" if scaled else dtype, at,
                                scale=scale if scaled else None, offset=offset))

    def choose(self, names):
        """The fields of these names, in this order; None: all. `class` is the classification."""
        if names is None:
            return list(self.fields.values())
        chosen = []
        for name in names:
            field = self.fields.get("classification" if name == "class" else name)
            if field is None:
                raise ValueError(f"there is no field {name!r}; there are {', '.join(self.fields)}")
            chosen.append(field)
        return chosen

    def dtype(self, fields):
        return np.dtype([(field.name, field.dtype) for field in fields])


def _put_bits(out, part, first_bit, bits, values, name):
    values = np.asarray(values).astype(np.int64)
    if values.size and (values.min() < 0 or values.max() >= 1 << bits):
        raise ValueError(f"{name}: values from 0 to {(1 << bits) - 1} are expected")
    out[part] |= (values << first_bit).astype(np.uint8)


def _put_grid(out, part, values, scale, offset):
    values = np.rint((np.asarray(values, dtype=np.float64) - offset) / scale)
    if values.size and not (values.min() >= -2**31 and values.max() < 2**31):
        raise ValueError(f"{part.lower()}: does not fit 32 bits at scale {scale} and offset {offset}")
    out[part] = values.astype(np.int32)


def _descriptor(name, dtype):
    """The 192 bytes that describe an extra dimension."""
    kind = np.dtype(dtype).newbyteorder("<")
    types = [np.dtype(word) for word in _EXTRA_TYPES]
    if kind not in types:
        raise ValueError(f"{name}: {dtype} cannot be an extra dimension")
    word = name.encode("utf-8")
    if not 0 < len(word) <= 32:
        raise ValueError(f"{name!r}: names of extra dimensions have 1 to 32 bytes")
    return bytes([0, 0, types.index(kind) + 1, 0]) + word.ljust(32, b"\0") + bytes(156)


def from_points(points, scale, offset, point_format):
    """Records of format 6, 7 or 8 from an array of fields; what is no field of the format becomes an extra dimension. Returns (records, descriptors)."""
    there = dict(_FORMATS[point_format])
    extra = [name for name in points.dtype.names if name not in there and name not in _EXTENDED_BITS
             and name not in ("x", "y", "z", "scan_angle")]
    descriptors = [_descriptor(name, points.dtype[name]) for name in extra]
    names = [(f"extra{number}", points.dtype[name].newbyteorder("<")) for number, name in enumerate(extra)]
    out = np.zeros(len(points), dtype=np.dtype(_FORMATS[point_format] + names))
    for axis, name in enumerate("xyz"):
        _put_grid(out, name.upper(), points[name], scale[axis], offset[axis])
    for name, where in _EXTENDED_BITS.items():
        if name in points.dtype.names:
            _put_bits(out, *where, points[name], name)
        elif name in ("return_number", "number_of_returns"):
            _put_bits(out, *where, np.ones(len(points), dtype=np.int64), name)
    if "scan_angle" in points.dtype.names:
        out["scan_angle"] = np.rint(points["scan_angle"] / 0.006)
    for name in _PLAIN:
        if name in points.dtype.names and name in there:
            out[name] = points[name]
    for number, name in enumerate(extra):
        out[f"extra{number}"] = points[name]
    return out, descriptors
