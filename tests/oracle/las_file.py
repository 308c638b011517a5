# A LAS file's header and its extra-bytes descriptors, read by the LAS specification alone: for the readers beside it.
import struct


def read(path):
    """The file's bytes, point format, record length, number of points, place of the first, payloads of descriptors."""
    data = open(path, 'rb').read()
    header_bytes, points_at, vlrs = struct.unpack_from('<HII', data, 94)
    point_format, record_bytes, count = struct.unpack_from('<BHI', data, 104)
    if data[25] == 4:
        count = struct.unpack_from('<Q', data, 247)[0]
    found, at = [], header_bytes
    for _ in range(vlrs):
        user, record, length = struct.unpack_from('<2x16sHH', data, at)
        if user.split(b'\0')[0] == b'LASF_Spec' and record == 4:
            found.append(data[at + 54:at + 54 + length])
        at += 54 + length
    return data, point_format, record_bytes, count, points_at, found
