# Features of an enriched LAS file against numpy: neighbours by a full scan, numpy.linalg.eigh in double precision.
#
#     enrich_numpy.py FILE K SAMPLES      FILE: uncompressed, with float32 features under scree's names
#
# Written from docs/enrich.md and the LAS specification alone. Points whose k-th neighbour is as far as the next one are left out (which of
# the two counts is a matter of convention), and so are normals where two eigenvalues are the same to a millionth.
import sys

import numpy as np

import las_file

FEATURES = ('NormalX NormalY NormalZ Linearity Planarity Sphericity Anisotropy SurfaceVariation Omnivariance '
            'Eigenentropy EigenvalueSum Verticality Roughness Density NeighborDistance').split()
NO_DATA = -9999.0
TOLERANCE = 1e-6
SIZES = [0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8]


def read(path):
    data, point_format, record_bytes, count, points_at, found = las_file.read(path)
    scale = np.frombuffer(data, '<f8', 3, 131)
    extra = found[0] if found else b''
    records = np.frombuffer(data, np.uint8, count * record_bytes, points_at).reshape(count, record_bytes)
    at = record_bytes - sum(SIZES[extra[i + 2]] for i in range(0, len(extra), 192))
    columns = {}
    for i in range(0, len(extra), 192):
        kind, name = extra[i + 2], extra[i + 4:i + 36].rstrip(b'\0').decode()
        if kind == 9:
            columns[name] = records[:, at:at + 4].copy().view('<f4')[:, 0].astype(np.float64)
        at += SIZES[kind]
    places = records[:, :12].copy().view('<i4').astype(np.int64)
    if point_format >= 6:
        classes, withheld = records[:, 16], records[:, 15] & 4
    else:
        classes, withheld = records[:, 15] & 31, records[:, 15] & 0x80
    counts = (classes != 7) & (classes != 18) & (withheld == 0)
    return places, scale, counts, columns


def expected(offsets, unit):
    """From the offsets of all neighbours, whole steps."""
    n = len(offsets)
    l, v = np.linalg.eigh(np.cov(offsets.T * unit, ddof=1))
    l, normal = np.maximum(l[::-1], 0), v[:, 0]
    if normal[2] < 0:
        normal = -normal
    reach = np.sqrt(np.sum(offsets.astype(np.float64) ** 2, axis=1).max()) * unit
    p = l / l.sum()
    row = dict(zip(FEATURES, [
        *normal, (l[0] - l[1]) / l[0], (l[1] - l[2]) / l[0], l[2] / l[0], (l[0] - l[2]) / l[0], l[2] / l.sum(),
        np.cbrt(l.prod()), -sum(x * np.log(x) for x in p if x > 0), l.sum(), 1 - abs(normal[2]), np.sqrt(l[2]),
        n / (4 / 3 * np.pi * reach ** 3), reach]))
    if l[1] - l[2] < 1e-6 * l[0]:
        for name in ('NormalX', 'NormalY', 'NormalZ', 'Verticality'):
            del row[name]
    elif abs(normal[2]) < 1e-9:  # its sign is decided by what is rounded
        for name in ('NormalX', 'NormalY'):
            row[name] = abs(row[name])
    if l[2] < 1e-12 * l[0]:  # the cube root of a rounding
        del row['Omnivariance']
    return row


def main(path, k, samples):
    places, scale, counts, columns = read(path)
    if scale.min() != scale.max():
        sys.exit('the axes have different scales')
    missing = [name for name in FEATURES if name not in columns]
    if missing:
        sys.exit('no ' + ', '.join(missing))
    unit, neighbours = scale[0], np.flatnonzero(counts)
    chosen = np.random.default_rng(7).choice(len(places), min(samples, len(places)), replace=False)
    compared, ties, worst = 0, 0, 0.0
    for i in chosen:
        offsets = places[neighbours] - places[i]
        d2 = np.einsum('ij,ij->i', offsets, offsets)
        want = k if counts[i] else k - 1
        near = np.argpartition(d2, want)[:want + 1]
        near = near[np.argsort(d2[near])]
        if d2[near[want]] == d2[near[want - 1]]:
            ties += 1
            continue
        found = offsets[near[:want]]
        if not counts[i]:
            found = np.vstack([found, np.zeros((1, 3), np.int64)])
        for name, value in expected(found, unit).items():
            ours = columns[name][i]
            if name in ('NormalX', 'NormalY') and abs(columns['NormalZ'][i]) < 1e-9:
                ours = abs(ours)
            error = abs(ours - value) / max(1.0, abs(value))
            worst = max(worst, error)
            if not error <= TOLERANCE:
                sys.exit('point %d %s: %.9g, numpy %.17g' % (i, name, ours, value))
        compared += 1
    print('%s: %d points, k = %d: within %.1e; %d left out for ties' % (path, compared, k, worst, ties))
    if compared < len(chosen) // 2:
        sys.exit('too few points to compare')


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
