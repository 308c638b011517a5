"""What the surroundings of points look like: of arrays, and of files (docs/enrich.md has the formulas)."""
import ctypes
from ctypes import byref, c_uint64, c_void_p

import numpy as np

from . import _structs as s
from ._library import call, call_long, init, lib, text, texts
from .context import get

NO_DATA = -9999.0
_MODES = {"core": 0, "building": 1}


def feature_names(features=None, mode="core"):
    """The names of a list such as "Linearity,Planarity" or "+Eigenvalue1", in the order of the columns; None: those of the mode."""
    mask = _mask(features, mode)
    return [lib.scree_feature_info(number).contents.name.decode() for number in range(s.FEATURE_COUNT) if mask >> number & 1]


def _mask(features, mode):
    if features is None:
        return lib.scree_enrich_mode_features(_MODES[mode])
    if not isinstance(features, str):
        features = ",".join(features)
    mask = c_uint64()
    call("scree_enrich_features_parse", features.encode(), _MODES[mode], byref(mask))
    return mask.value


def _options(features, mode, k, radius, eigen_mode, ground, ground_classes, ground_reach, count_radius, score,
             scratch_folder):
    options = init(s.EnrichOptions)
    options.mode, options.features = _MODES[mode], _mask(features, mode)
    options.radius = radius or 0.0
    options.k = k if k is not None else 0 if radius else 20
    options.eigen_mode = ("raw", "sqrt").index(eigen_mode)
    options.ground_mode = ("tin", "nearest", "idw").index(ground)
    options.score_mode = ("calibrated", "seed").index(score)
    options.ground_reach, options.count_radius = ground_reach or 0.0, count_radius or 0.0
    if ground_classes is not None:
        options.ground_classes[:] = [sum(1 << number % 64 for number in set(ground_classes) if number // 64 == word)
                                     for word in range(4)]
    options.scratch_folder = text(scratch_folder)
    return options


def enrich(points, *, scale=0.001, features=None, mode="core", k=None, radius=None, eigen_mode="raw", ground="tin",
           ground_classes=None, ground_reach=None, count_radius=None, score="calibrated", metres=1.0,
           scratch_folder=None, context=None):
    """
    Features of points in memory, a structured array of float32, NO_DATA where one is not defined. points: a structured array with x, y, z and, as far as
    they are there, classification, return_number, number_of_returns (what read() gives); or numbers of shape (n, 3). scale: of the lattice that
    coordinates are put on. metres: in a unit.
    """
    context = get(context)
    points = np.asarray(points)
    options = _options(features, mode, k, radius, eigen_mode, ground, ground_classes, ground_reach, count_radius, score,
                       scratch_folder)
    names = feature_names(features, mode)
    fields = points.dtype.names or ()
    if fields:
        coordinates = np.ascontiguousarray(np.stack([points[axis] for axis in "xyz"], axis=1), dtype=np.float64)
    else:
        coordinates = np.ascontiguousarray(points, dtype=np.float64)
    if coordinates.ndim != 2 or coordinates.shape[1] != 3:
        raise ValueError("points: x, y and z, or an array of shape (n, 3), are expected")
    cloud = s.EnrichCloud.new(size=ctypes.sizeof(s.EnrichCloud), count=len(coordinates), coordinates=coordinates.ctypes.data, metres=metres)
    cloud.scale[:] = np.broadcast_to(scale, 3).tolist()
    classes = returns = None
    if "classification" in fields:
        classes = np.ascontiguousarray(points["classification"], dtype=np.uint8)
        cloud.classes = classes.ctypes.data
    if "return_number" in fields and "number_of_returns" in fields:
        returns = np.ascontiguousarray(points["return_number"] | points["number_of_returns"] << 4, dtype=np.uint8)
        cloud.returns = returns.ctypes.data
    rows = np.empty((len(coordinates), len(names)), dtype=np.float32)
    if len(coordinates):
        call_long(context.handle, "scree_enrich_points", context.handle, byref(options), byref(cloud), rows.ctypes.data)
    return rows.view(np.dtype([(name, np.float32) for name in names])).reshape(-1)



def enrich_file(path, output, *, features=None, mode="core", k=None, radius=None, eigen_mode="raw", ground="tin",
                ground_classes=None, ground_reach=None, count_radius=None, score="calibrated", crs=None, kind="same",
                neighbors="auto", context_files=(), compact=False, ign_names=False, strip=False, write_class=False,
                report=None, map=None, replace=False, scratch_folder=None, context=None):
    """
    Features of a file's points as extra dimensions of its copy; neighbours are taken from the files around as well. neighbors: "auto", "none" or a folder.
    kind: "same", "las", "laz" or "copc". strip: takes the features of an earlier run away.
    """
    context = get(context)
    options = _options(features, mode, k, radius, eigen_mode, ground, ground_classes, ground_reach, count_radius, score,
                       scratch_folder)
    options.input, options.output, options.crs = text(path), text(output), text(crs)
    options.output_kind = ("same", "las", "laz", "copc").index(kind)
    options.neighbors = {"auto": 0, "none": 1}.get(neighbors, 2)
    options.neighbors_folder = text(neighbors) if options.neighbors == 2 else None
    options.context_files, options.context_count = texts(list(context_files)), len(context_files)
    options.replace, options.compact, options.ign_names = replace, compact, ign_names
    options.strip, options.write_class = strip, write_class
    options.report, options.map = text(report), text(map)
    options.source_options, options.sink_options = context.source_options, context.sink_options
    job = c_void_p()
    call_long(context.handle, "scree_enrich_open", context.handle, byref(options), byref(job))
    try:
        call_long(context.handle, "scree_enrich_run", job, None)
    finally:
        lib.scree_enrich_close(job)
