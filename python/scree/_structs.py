"""The structs and enums of include/scree/*.h for ctypes. tests/python compares every size and offset with what a C compiler says."""
import ctypes
from ctypes import (POINTER, c_bool, c_char, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_size_t, c_uint,
                    c_uint8, c_uint16, c_uint32, c_uint64, c_void_p)


# The library may be newer than this file, and its structs longer: members are only ever added at the end (scree_..._init() writes all of its own). So
# much room is left behind each.
ROOM_BYTES = 4096


class Struct(ctypes.Structure):
    """c_name: after `struct`, None where the C name is only part of another struct."""
    c_name = None

    @classmethod
    def new(cls, **members):
        """All zero but the members; with room behind it for what a newer library has added."""
        struct = cls.from_buffer(ctypes.create_string_buffer(ctypes.sizeof(cls) + ROOM_BYTES))
        for name, value in members.items():
            setattr(struct, name, value)
        return struct


# ---------------------------------------------------------------------------------------------------------------- base

OK, E_ARGUMENT, E_MEMORY, E_BUDGET, E_IO, E_DATA, E_UNSUPPORTED, E_EXISTS, E_CANCELLED, E_MISMATCH = range(10)


class ErrorStruct(Struct):
    c_name = "scree_error"
    _fields_ = [("status", c_int), ("need_bytes", c_uint64), ("message", c_char * 1000)]


class Progress(Struct):
    c_name = "scree_progress"
    _fields_ = [("stage", c_char_p), ("done", c_uint64), ("total", c_uint64), ("memory_bytes", c_uint64),
                ("budget_bytes", c_uint64), ("scratch_bytes", c_uint64)]


LogCallback = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)
ProgressCallback = ctypes.CFUNCTYPE(None, c_void_p, POINTER(Progress))


class ContextOptions(Struct):
    c_name = "scree_context_options"
    _fields_ = [("size", c_size_t), ("memory_bytes", c_uint64), ("threads", c_uint), ("user", c_void_p),
                ("log", LogCallback), ("progress", ProgressCallback), ("huge_pages", c_bool)]


# ------------------------------------------------------------------------------------------------------------------ io

class S3Options(Struct):
    c_name = "scree_s3_options"
    _fields_ = [("size", c_size_t), ("endpoint", c_char_p), ("region", c_char_p), ("access_key_id", c_char_p),
                ("secret_access_key", c_char_p), ("session_token", c_char_p), ("anonymous", c_bool), ("style", c_int)]


class SourceOptions(Struct):
    c_name = "scree_source_options"
    _fields_ = [("size", c_size_t), ("context", c_void_p), ("http", c_void_p), ("s3", POINTER(S3Options)),
                ("head_bytes", c_uint32), ("tail_bytes", c_uint32), ("cache_bytes", c_uint64),
                ("gap_bytes", c_uint64), ("overread_bytes", c_uint64), ("request_bytes", c_uint64),
                ("whole_bytes", c_uint64)]


class SinkOptions(Struct):
    c_name = "scree_sink_options"
    _fields_ = [("size", c_size_t), ("context", c_void_p), ("http", c_void_p), ("s3", POINTER(S3Options)),
                ("replace", c_bool), ("part_bytes", c_uint64), ("head_bytes", c_uint64), ("part_count", c_uint32)]


# ------------------------------------------------------------------------------------------------------------ las, laz

class LazItem(Struct):
    c_name = "scree_laz_item"
    _fields_ = [("type", c_uint16), ("bytes", c_uint16), ("version", c_uint16)]


class LazLayout(Struct):
    c_name = "scree_laz_layout"
    _fields_ = [("compressor", c_uint16), ("version_major", c_uint8), ("version_minor", c_uint8),
                ("version_revision", c_uint16), ("options", c_uint32), ("chunk_points", c_uint32),
                ("record_bytes", c_uint32), ("item_count", c_uint16), ("items", LazItem * 16)]


class LasHeader(Struct):
    c_name = "scree_las_header"
    _fields_ = [("version_major", c_uint8), ("version_minor", c_uint8), ("point_format", c_uint8),
                ("compressed", c_bool), ("file_source_id", c_uint16), ("global_encoding", c_uint16),
                ("guid", c_uint8 * 16), ("system_id", c_char * 33), ("generating_software", c_char * 33),
                ("creation_day", c_uint16), ("creation_year", c_uint16), ("header_bytes", c_uint16),
                ("record_bytes", c_uint16), ("point_offset", c_uint32), ("vlr_count", c_uint32),
                ("evlr_count", c_uint32), ("evlr_offset", c_uint64), ("waveform_offset", c_uint64),
                ("point_count", c_uint64), ("return_counts", c_uint64 * 15), ("legacy_point_count", c_uint32),
                ("legacy_return_counts", c_uint32 * 5), ("scale", c_double * 3), ("offset", c_double * 3),
                ("min", c_double * 3), ("max", c_double * 3)]


class LasVlr(Struct):
    c_name = "scree_las_vlr"
    _fields_ = [("user_id", c_char * 17), ("description", c_char * 33), ("record_id", c_uint16), ("extended", c_bool),
                ("payload_bytes", c_uint64), ("payload_offset", c_uint64), ("payload", c_void_p)]


class LasExtraByte(Struct):
    c_name = "scree_las_extra_byte"
    _fields_ = [("name", c_char * 33), ("description", c_char * 33), ("data_type", c_uint8), ("options", c_uint8),
                ("bytes", c_uint32), ("offset", c_uint32), ("raw", c_uint8 * 192)]


class LasCrs(Struct):
    c_name = "scree_las_crs"
    _fields_ = [("origin", c_int), ("wkt", c_char_p), ("name", c_char * 160), ("note", c_char * 256),
                ("geographic", c_bool), ("geocentric", c_bool)]


class LasSummary(Struct):
    c_name = "scree_las_summary"
    _fields_ = [("point_count", c_uint64), ("return_counts", c_uint64 * 15), ("min", c_int32 * 3), ("max", c_int32 * 3)]


# ---------------------------------------------------------------------------------------------------------------- copc

LEVELS_MAX = 33


class ConvertOptions(Struct):
    c_name = "scree_convert_options"
    _fields_ = [("size", c_size_t), ("inputs", POINTER(c_char_p)), ("input_count", c_uint64), ("output", c_char_p),
                ("replace", c_bool), ("crs", c_char_p), ("scale", c_double * 3), ("fix_returns", c_bool),
                ("scale_colors", c_bool), ("scratch_folder", c_char_p), ("compress_scratch", c_bool),
                ("creation_seconds", c_int64), ("temporal_stride", c_uint32), ("salvage", c_bool),
                ("source_options", POINTER(SourceOptions)), ("sink_options", POINTER(SinkOptions))]


class ConvertResult(Struct):
    c_name = "scree_convert_result"
    _fields_ = [("points_in", c_uint64), ("points_out", c_uint64), ("input_bytes", c_uint64),
                ("output_bytes", c_uint64), ("scratch_bytes", c_uint64), ("node_count", c_uint64),
                ("page_count", c_uint64), ("largest_node_points", c_uint64), ("level_count", c_uint),
                ("level_nodes", c_uint64 * LEVELS_MAX), ("level_points", c_uint64 * LEVELS_MAX),
                ("points_lost", c_uint64)]


# --------------------------------------------------------------------------------------------------------------- query

class QueryOptions(Struct):
    c_name = "scree_query_options"
    _fields_ = [("size", c_size_t), ("inputs", POINTER(c_char_p)), ("input_count", c_uint64), ("bounds_axes", c_uint),
                ("bounds_min", c_double * 3), ("bounds_max", c_double * 3), ("polygon", c_char_p),
                ("has_circle", c_bool), ("circle", c_double * 3), ("crs", c_char_p), ("resolution", c_double),
                ("level", c_int), ("limit", c_uint64), ("time", c_char_p), ("classes", c_char_p),
                ("returns", c_char_p), ("where", c_char_p), ("dims", c_char_p),
                ("source_options", POINTER(SourceOptions)), ("sink_options", POINTER(SinkOptions))]


class QueryPlan(Struct):
    c_name = "scree_query_plan"
    _fields_ = [("input_count", c_uint64), ("inputs_met", c_uint64), ("input_points", c_uint64),
                ("points_at_most", c_uint64), ("node_count", c_uint64), ("fetch_bytes", c_uint64),
                ("page_count", c_uint64), ("page_bytes", c_uint64), ("level_count", c_uint),
                ("level_nodes", c_uint64 * 33), ("level_points", c_uint64 * 33), ("point_format", c_uint),
                ("record_bytes", c_uint32), ("scale", c_double * 3), ("offset", c_double * 3), ("crs_name", c_char_p)]


class QueryResult(Struct):
    c_name = "scree_query_result"
    _fields_ = [("points_matched", c_uint64), ("points_tested", c_uint64), ("nodes_read", c_uint64),
                ("nodes_inside", c_uint64), ("bytes_read", c_uint64), ("requests", c_uint64),
                ("output_bytes", c_uint64)]


class QueryOutput(Struct):
    c_name = "scree_query_output"
    _fields_ = [("size", c_size_t), ("path", c_char_p), ("descriptor", c_int), ("format", c_int), ("replace", c_bool),
                ("scratch_folder", c_char_p), ("creation_seconds", c_int64)]


QueryBatch = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint64, POINTER(ErrorStruct))


# ------------------------------------------------------------------------------------------------------------ features

FEATURE_COUNT = 23


class FeatureInfo(Struct):
    c_name = "scree_feature_info"
    _fields_ = [("name", c_char_p), ("ign_name", c_char_p), ("unit", c_char_p), ("formula", c_char_p),
                ("compact_type", c_uint8), ("compact_scale", c_double), ("compact_no_data", c_int64)]


class EnrichOptions(Struct):
    c_name = "scree_enrich_options"
    _fields_ = [("size", c_size_t), ("mode", c_int), ("features", c_uint64), ("k", c_uint32), ("radius", c_double),
                ("eigen_mode", c_int), ("ground_mode", c_int), ("idw_count", c_uint32),
                ("ground_classes", c_uint64 * 4), ("ground_reach", c_double), ("count_radius", c_double),
                ("score_mode", c_int), ("noise_neighbors", c_bool), ("withheld_neighbors", c_bool),
                ("input", c_char_p), ("neighbors", c_int), ("neighbors_folder", c_char_p),
                ("context_files", POINTER(c_char_p)), ("context_count", c_uint64), ("ignore_overlap", c_bool),
                ("crs", c_char_p), ("output", c_char_p), ("output_kind", c_int), ("replace", c_bool),
                ("compact", c_bool), ("ign_names", c_bool), ("scratch_folder", c_char_p),
                ("compress_scratch", c_bool), ("source_options", POINTER(SourceOptions)),
                ("sink_options", POINTER(SinkOptions)), ("window_points", c_uint64), ("halo_percent", c_uint32),
                ("force_scratch", c_bool), ("verify_count", c_uint64), ("strip", c_bool), ("write_class", c_bool),
                ("building_threshold", c_double), ("report", c_char_p), ("map", c_char_p),
                ("las14", c_bool), ("ground_cell", c_double), ("unit", c_int),
                ("metric_lengths", c_uint32)]


class EnrichCloud(Struct):
    c_name = "scree_enrich_cloud"
    _fields_ = [("size", c_size_t), ("count", c_uint64), ("x", c_void_p), ("y", c_void_p), ("z", c_void_p),
                ("coordinates", c_void_p), ("scale", c_double * 3), ("classes", c_void_p), ("returns", c_void_p),
                ("metres", c_double)]


# ------------------------------------------------------------------------------------------------------------- vectors

COLUMNS_MAX = 64


class VectorsInput(Struct):
    c_name = "scree_vectors_input"
    _fields_ = [("location", c_char_p), ("descriptor", c_int), ("format", c_int), ("dim", c_uint32),
                ("memory", c_void_p), ("memory_bytes", c_uint64)]


class VectorsColumnOptions(Struct):
    c_name = "scree_vectors_column_options"
    _fields_ = [("name", c_char_p), ("input", VectorsInput), ("metric", c_int), ("bits", c_uint32), ("rerank", c_int),
                ("list_count", c_uint32)]


class VectorsBuildOptions(Struct):
    c_name = "scree_vectors_build_options"
    _fields_ = [("size", c_size_t), ("output", c_char_p), ("replace", c_bool),
                ("columns", POINTER(VectorsColumnOptions)), ("column_count", c_uint32), ("ids", c_char_p),
                ("tags", c_char_p), ("seed", c_uint64), ("list_bytes", c_uint64), ("sample_rows", c_uint64),
                ("skip_invalid", c_bool), ("scratch_folder", c_char_p), ("source_options", POINTER(SourceOptions)),
                ("sink_options", POINTER(SinkOptions)), ("append", c_bool), ("checkpoint_seconds", c_uint32),
                ("id_values", POINTER(c_uint64)), ("id_count", c_uint64)]


class VectorsBuildColumn(Struct):
    _fields_ = [("vector_count", c_uint64), ("skipped_count", c_uint64), ("list_count", c_uint32),
                ("largest_list", c_uint32)]


class VectorsBuildResult(Struct):
    c_name = "scree_vectors_build_result"
    _fields_ = [("row_count", c_uint64), ("output_bytes", c_uint64), ("scratch_bytes", c_uint64),
                ("columns", VectorsBuildColumn * COLUMNS_MAX), ("replaced_count", c_uint64)]


class VectorsOpenOptions(Struct):
    c_name = "scree_vectors_open_options"
    _fields_ = [("size", c_size_t), ("source_options", POINTER(SourceOptions)), ("cache_bytes", c_uint64)]


class VectorsInfo(Struct):
    c_name = "scree_vectors_info"
    _fields_ = [("file_bytes", c_uint64), ("head_bytes", c_uint64), ("row_count", c_uint64),
                ("column_count", c_uint32), ("tag_set_count", c_uint32), ("deleted_count", c_uint64),
                ("writer", c_char * 32), ("segment_count", c_uint32), ("generation", c_uint64)]


class VectorsColumnInfo(Struct):
    c_name = "scree_vectors_column_info"
    _fields_ = [("name", c_char_p), ("metric", c_int), ("rerank", c_int), ("dim", c_uint32), ("bits", c_uint32),
                ("list_count", c_uint32), ("empty_list_count", c_uint32), ("largest_list", c_uint32),
                ("vector_count", c_uint64), ("skipped_count", c_uint64), ("codes_bytes", c_uint64),
                ("rows_bytes", c_uint64), ("seed", c_uint64), ("recall_count", c_uint32)]


class VectorsIdRange(Struct):
    c_name = "scree_vectors_id_range"
    _fields_ = [("begin", c_uint64), ("end", c_uint64)]


class VectorsSearchOptions(Struct):
    c_name = "scree_vectors_search_options"
    _fields_ = [("size", c_size_t), ("column", c_char_p), ("k", c_uint32), ("nprobe", c_uint32), ("recall", c_float),
                ("bits", c_uint32), ("no_rerank", c_bool), ("rerank_most", c_uint32), ("deviations", c_float),
                ("within", c_float), ("id_ranges", POINTER(VectorsIdRange)), ("id_range_count", c_uint32),
                ("id_bits", c_void_p), ("id_bit_count", c_uint64), ("tag", c_char_p)]
