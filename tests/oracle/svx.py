"""A reader of index files of vectors, written from docs/formats/svx.md alone. Standard library only.

usage: svx.py INDEX COLUMN QUERIES.fvecs K NPROBE BITS     prints, for each query, K lines: query, id, distance
BITS 0: distances come from rows where there are some, else from all bits; else from the first bit (1)
"""
import math
import struct
import sys


def crc_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


TABLE = crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def f32(value):
    return struct.unpack('<f', struct.pack('<f', value))[0]


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class Manifest:
    """An index of several files; a search merges what its segments find."""
    def __init__(self, path):
        data = read(path)
        assert data[:8] == bytes([0x89, 0x53, 0x56, 0x4D, 0x0D, 0x0A, 0x1A, 0x0A]), 'magic'
        major, _, features = struct.unpack_from('<HHI', data, 8)
        size, self.generation = struct.unpack_from('<QQ', data, 16)
        assert major == 1 and features == 0 and size == len(data), 'version, size'
        assert crc32c(data[:-4]) == struct.unpack('<I', data[-4:])[0], 'CRC of the manifest'
        count, following = struct.unpack_from('<II', data, 32)
        self.segments = []
        for i in range(count):
            at = 64 + 96 * i
            number, table_crc, length, least, most, head_at, head_size, gone_at, gone = struct.unpack_from('<IIQQQQQQQ', data, at)
            assert number < following
            segment = Index('%s.segment-%d' % (path, number), False)
            assert len(segment.data) == length and segment.table_crc == table_crc, 'another segment'
            assert data[head_at:head_at + 256] == segment.data[:256], 'the head of a segment'
            segment.deleted = set(struct.unpack_from('<%dQ' % gone, data, gone_at))
            for column in segment.columns:
                first = self.segments[0].column(column.name) if self.segments else column
                assert column.centroids == first.centroids and column.rotation == first.rotation
                for block in range(len(column.lists)):
                    assert all(least <= v[0] <= most for v in column.block(block)[0]), 'ids beyond the range'
            self.segments.append(segment)

    def search(self, name, q, k, nprobe, bits):
        found = []
        for segment in self.segments:
            found += segment.column(name).search(q, k, nprobe, bits)
        return sorted(found)[:k]


def open_index(path):
    return Manifest(path) if read(path)[3:4] == b'M' else Index(path)


class Index:
    def __init__(self, path, alone=True):
        self.data = read(path)
        self.deleted = set()
        head = self.data[:256]
        assert head[:8] == bytes([0x89, 0x53, 0x56, 0x58, 0x0D, 0x0A, 0x1A, 0x0A]), 'magic'
        assert crc32c(head[:252]) == struct.unpack_from('<I', head, 252)[0], 'CRC of the superblock'
        major, _, features = struct.unpack_from('<HHI', head, 8)
        assert major == 1 and features == 0 or not alone and features == 1, 'version'
        count, table_crc, table = struct.unpack_from('<IIQ', head, 32)
        self.id_base, self.id_bytes, self.tag_bytes = struct.unpack_from('<QII', head, 48)
        self.table_crc = table_crc
        entries = self.section(table, 256 * count, table_crc)
        self.columns = [Column(self, entries[256 * i:256 * i + 256]) for i in range(count)]

    def section(self, offset, size, crc):
        data = self.data[offset:offset + size]
        assert len(data) == size and crc32c(data) == crc, 'CRC of the section at %d' % offset
        return data

    def search(self, name, q, k, nprobe, bits):
        return self.column(name).search(q, k, nprobe, bits)

    def column(self, name):
        return [c for c in self.columns if c.name == name][0]


class Column:
    def __init__(self, index, entry):
        self.index = index
        self.name = entry[:64].rstrip(b'\0').decode()
        self.metric, self.dim, self.D, self.B, self.rerank, lists = struct.unpack_from('<6I', entry, 64)
        self.count, _ = struct.unpack_from('<QQ', entry, 88)
        at, size, crc = struct.unpack_from('<QII', entry, 104)
        self.rotation = index.section(at, size, crc)
        at, directory_crc, centroids_crc, centroids_at = struct.unpack_from('<QIIQ', entry, 120)
        directory = index.section(at, 40 * lists, directory_crc)
        self.lists = [struct.unpack_from('<QQIIIff', directory, 40 * i) for i in range(lists)]
        self.row_stride, = struct.unpack_from('<I', entry, 184)
        assert sum(l[2] for l in self.lists) == self.count
        raw = index.section(centroids_at, 8 * self.dim + 2 * lists * self.dim, centroids_crc)
        offset = struct.unpack_from('<%df' % self.dim, raw)
        scale = struct.unpack_from('<%df' % self.dim, raw, 4 * self.dim)
        self.centroids = []
        for i in range(lists):
            values = struct.unpack_from('<%dH' % self.dim, raw, 8 * self.dim + 2 * i * self.dim)
            self.centroids.append([f32(o + f32(s * v)) for o, s, v in zip(offset, scale, values)])
        self.origin = [sum(c[d] for c in self.centroids) / lists for d in range(self.dim)]

    def rotate(self, values):
        D = self.D
        v = list(values) + [0.0] * (D - len(values))
        n = 64
        while 2 * n <= D:
            n *= 2
        for r in range(4):
            for i in range(D):
                if self.rotation[r * D // 8 + i // 8] >> i % 8 & 1:
                    v[i] = -v[i]
            begin = 0 if r % 2 == 0 else D - n
            h = 1
            while h < n:
                for i in range(n):
                    if not i & h:
                        a, b = v[begin + i], v[begin + i + h]
                        v[begin + i], v[begin + i + h] = a + b, a - b
                h *= 2
            for i in range(n):
                v[begin + i] /= math.sqrt(n)
            if n < D:
                for i in range(D // 2):
                    a, b = v[i], v[i + D // 2]
                    v[i], v[i + D // 2] = (a + b) / math.sqrt(2), (a - b) / math.sqrt(2)
        return v

    def block(self, number):
        """Of each vector of a list: id, first bits, factors, further bits, whole factors."""
        at, rows_at, n, scan_crc, extra_crc, _, _ = self.lists[number]
        C, E, ids = self.D // 8, (self.B - 1) * self.D // 8, self.index.id_bytes
        size = n * (C + 12 + ids + self.index.tag_bytes)
        scan = self.index.section(at, size, scan_crc)
        one = (E + 8 if self.B > 1 else 0) + (4 if self.metric == 1 else 0)
        extra = self.index.section(at + (size + 3) // 4 * 4, n * one, extra_crc)
        out = []
        p = 0
        for first in range(0, n, 64):
            w = min(64, n - first)
            add, rescale, error = (struct.unpack_from('<%df' % w, scan, p + w * C + 4 * w * i) for i in range(3))
            for j in range(w):
                signs = bytes(scan[p + k * w + j] for k in range(C))
                i = first + j
                id_ = int.from_bytes(scan[n * (C + 12) + i * ids:n * (C + 12) + (i + 1) * ids], 'little')
                more = extra[i * E:(i + 1) * E]
                whole = struct.unpack_from('<2f', extra, n * E + 8 * i) if self.B > 1 else None
                out.append((self.index.id_base + id_, signs, add[j], rescale[j], more, whole))
            p += w * (C + 12)
        return out, rows_at

    def further_bits(self, data):
        """u mod 2^(B-1) of each dimension."""
        E, out = self.B - 1, []
        for g in range(self.D // 64):
            part = data[8 * E * g:8 * E * (g + 1)]
            values, shift, at = [0] * 64, 0, 0
            if E & 4:
                for i in range(64):
                    values[i] |= (part[at + i % 32] >> (4 if i >= 32 else 0) & 15) << shift
                shift, at = shift + 4, at + 32
            if E & 2:
                for i in range(64):
                    values[i] |= (part[at + i % 16] >> 2 * (i // 16) & 3) << shift
                shift, at = shift + 2, at + 16
            if E & 1:
                for i in range(64):
                    values[i] |= (part[at + i // 8] >> i % 8 & 1) << shift
            out += values
        return out

    def row(self, rows_at, i, centroid):
        data = self.index.data[rows_at + i * self.row_stride:rows_at + (i + 1) * self.row_stride]
        assert crc32c(data[:-4]) == struct.unpack('<I', data[-4:])[0], 'CRC of a row'
        if self.rerank == 1:
            return struct.unpack_from('<%df' % self.dim, data)
        if self.rerank == 2:
            return struct.unpack_from('<%de' % self.dim, data)
        low, step = struct.unpack_from('<2f', data)
        return [c + (low + step * v) for c, v in zip(centroid, data[8:8 + self.dim])]

    def distance(self, q, o):
        if self.metric == 0:
            return sum((a - b) ** 2 for a, b in zip(q, o))
        return (1 if self.metric == 1 else 0) - sum(a * b for a, b in zip(q, o))

    def search(self, q, k, nprobe, bits):
        if self.metric == 1:
            length = math.sqrt(sum(x * x for x in q))
            q = [x / length for x in q]
        if self.metric == 2:
            far = sorted((-sum(a * b for a, b in zip(q, c)), i) for i, c in enumerate(self.centroids))
        else:
            far = sorted((sum((a - b) ** 2 for a, b in zip(q, c)), i) for i, c in enumerate(self.centroids))
        v = self.rotate([a - b for a, b in zip(q, self.origin)])
        found = []
        for square, number in far[:nprobe]:
            centroid = self.centroids[number]
            g = square if self.metric == 0 else -sum(a * b for a, b in zip(q, centroid))
            vectors, rows_at = self.block(number)
            for i, (id_, signs, add, rescale, more, whole) in enumerate(vectors):
                if id_ in self.index.deleted:
                    continue
                if self.rerank and not bits:
                    found.append((self.distance(q, self.row(rows_at, i, centroid)), id_))
                    continue
                u = [signs[d // 8] >> d % 8 & 1 for d in range(self.D)]
                top = 1
                if not bits and self.B > 1:
                    add, rescale = whole
                    top = 2 ** self.B - 1
                    u = [(s << self.B - 1) + m for s, m in zip(u, self.further_bits(more))]
                inner = sum((x - top / 2) * y for x, y in zip(u, v))
                estimate = add + g + rescale * inner
                found.append((estimate + (1 if self.metric == 1 else 0), id_))
        return sorted(found)[:k]


def main():
    index = open_index(sys.argv[1])
    dim = (index.segments[0] if isinstance(index, Manifest) else index).column(sys.argv[2]).dim
    k, nprobe, bits = (int(a) for a in sys.argv[4:7])
    with open(sys.argv[3], 'rb') as file:
        data = file.read()
    size = 4 + 4 * dim
    for n in range(len(data) // size):
        q = struct.unpack_from('<%df' % dim, data, n * size + 4)
        for distance, id_ in index.search(sys.argv[2], q, k, nprobe, bits):
            print(n, id_, '%.9g' % distance)


main()
