# Extra-bytes descriptors of enriched files, read by the LAS 1.4 R15 specification alone (its table of the Extra Bytes record), and the values that they describe.
#
#     enrich_descriptors.py ORIGINAL PLAIN COMPACT IGN      uncompressed, of the same points: bare, enriched, with --compact, with --names ign
#
# What other programs need: types that PDAL and CloudCompare read (1 to 10, no arrays), names as PDAL's dimensions are called, every bit and byte that has no meaning 0.
import math
import struct
import sys

import las_file

# name, --names ign, type and scale of --compact, no_data of that type
FLOAT, U8, U16, I16, I32 = 9, 1, 3, 4, 6
RATIO, NORMAL, SCORE = (U16, 1 / 65534, 65535), (I16, 1 / 32767, -32768), (U8, 1 / 254, 255)
PLAIN = (FLOAT, None, -9999.0)
EXPECTED = [
    ('NormalX', 'normal_x', NORMAL), ('NormalY', 'normal_y', NORMAL), ('NormalZ', 'normal_z', NORMAL),
    ('Linearity', 'linearity', RATIO), ('Planarity', 'planarity', RATIO), ('Sphericity', 'sphericity', RATIO),
    ('Anisotropy', 'anisotropy', RATIO), ('SurfaceVariation', 'roughness', RATIO), ('Omnivariance', 'omnivariance', PLAIN),
    ('Eigenentropy', 'eigenentropy', (U16, 1 / 32768, 65535)), ('EigenvalueSum', 'eigenvalue_sum', PLAIN),
    ('Verticality', 'verticality', RATIO), ('Roughness', 'curvature', PLAIN), ('Density', 'density', PLAIN),
    ('NeighborDistance', 'neighbor_distance', PLAIN), ('HeightAboveGround', 'height_above_ground', (I32, 0.001, -2**31)),
    ('NeighborCount', 'num_points_2m', (U16, None, 65535)), ('WallScore', 'wall_score', SCORE),
    ('RoofScore', 'roof_score', SCORE), ('BuildingScore', 'building_score', SCORE),
]
FORMATS = {1: '<B', 3: '<H', 4: '<h', 6: '<i', 9: '<f'}
POINT_BYTES = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67]
NO_DATA, SCALE = 1, 8


def read(path):
    """All extra-bytes descriptors of a file, its point format and its records."""
    data, point_format, record_bytes, count, points_at, found = las_file.read(path)
    assert len(found) <= 1, '%s: %d records of descriptors' % (path, len(found))
    payload = found[0] if found else b''
    assert len(payload) % 192 == 0, '%s: descriptors of %d bytes' % (path, len(payload))
    descriptors = [payload[i:i + 192] for i in range(0, len(payload), 192)]
    return descriptors, point_format, [data[points_at + i * record_bytes:][:record_bytes] for i in range(count)]


def text(field, what):
    """A string of a descriptor: ASCII that can be printed, nothing but NULs behind it, one at least."""
    string, _, rest = field.partition(b'\0')
    assert len(string) < len(field) and rest.strip(b'\0') == b'', '%s: %r' % (what, field)
    assert string.isascii() and string.decode().isprintable(), '%s: %r' % (what, field)
    return string.decode()


def check_descriptor(descriptor, name, kind, scale, no_data):
    assert descriptor[0:2] == bytes(2), '%s: reserved bytes' % name
    assert descriptor[2] == kind, '%s: type %d, not %d' % (name, descriptor[2], kind)
    assert descriptor[3] == NO_DATA | (SCALE if scale else 0), '%s: options %d' % (name, descriptor[3])
    assert text(descriptor[4:36], name) == name, '%s: called %r' % (name, descriptor[4:36])
    assert descriptor[36:40] == bytes(4), '%s: unused bytes' % name
    is_no_data = struct.unpack_from('<d' if kind == FLOAT else '<q', descriptor, 40)[0]
    assert is_no_data == no_data, '%s: no_data %r, not %r' % (name, is_no_data, no_data)
    assert descriptor[48:64] == bytes(16), '%s: no_data of arrays' % name
    assert descriptor[64:112] == bytes(48), '%s: least and greatest, which its options do not have' % name
    is_scale = struct.unpack_from('<d', descriptor, 112)[0]
    assert is_scale == (scale or 0), '%s: scale %r, not %r' % (name, is_scale, scale)
    assert descriptor[120:160] == bytes(40), '%s: scales of arrays, offsets' % name
    assert len(text(descriptor[160:192], name)) >= 8, '%s: what it is' % name


def check_file(path, original, compact, ign):
    """The columns, as a reader gets them: None for no_data."""
    descriptors, point_format, records = read(path)
    bare = original[2]
    assert original[0] == [] and point_format == original[1] and len(records) == len(bare)
    assert len(descriptors) == len(EXPECTED), '%s: %d descriptors' % (path, len(descriptors))
    at, columns = POINT_BYTES[point_format], []
    assert all(r[:at] == b for r, b in zip(records, bare)), '%s: other records' % path
    for descriptor, (name, alias, small) in zip(descriptors, EXPECTED):
        kind, scale, no_data = small if compact else PLAIN
        check_descriptor(descriptor, alias if ign else name, kind, scale, no_data)
        raw = [struct.unpack_from(FORMATS[kind], r, at)[0] for r in records]
        columns.append([None if v == no_data else v * (scale or 1) for v in raw])
        at += struct.calcsize(FORMATS[kind])
    assert at == len(records[0]), '%s: %d bytes of records have no descriptor' % (path, len(records[0]) - at)
    return columns


def main(original, plain, compact, ign):
    original = read(original)
    floats = check_file(plain, original, False, False)
    assert check_file(ign, original, False, True) == floats, 'other names, other values'
    shorts = check_file(compact, original, True, False)
    for (name, _, (kind, scale, _)), a, b in zip(EXPECTED, floats, shorts):
        half = 0 if kind == FLOAT else (scale or 1) / 2 * (1 + 1e-6)
        assert [v is None for v in a] == [v is None for v in b], '%s: no_data differs' % name
        known = [(v, w) for v, w in zip(a, b) if v is not None]
        assert known, '%s: no value at all' % name
        assert not any(math.isnan(v) for v, _ in known), '%s: no number' % name
        far = max(abs(v - w) for v, w in known)
        assert far <= half, '%s: %r away, a half step is %r' % (name, far, half)
    assert any(None in column for column in floats), 'nothing lacks a value'
    print('%d points, %d descriptors' % (len(original[2]), len(EXPECTED)))


main(*sys.argv[1:])
