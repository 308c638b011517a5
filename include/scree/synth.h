/*
 * scree/synth.h - a made-up airborne survey: terrain, buildings, trees, flight lines with overlap.
 * For demos, tests and benchmarks of any size.
 *
 * Deterministic: the bytes depend on the options alone. Streaming: memory does not grow with the
 * number of points. Since 0.1.
 */
#ifndef SCREE_SYNTH_H
#define SCREE_SYNTH_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Set `size` and defaults with scree_synth_options_init(); fields are only ever added at the end. */
struct scree_synth_options {
    size_t size;
    const char *output; /* a .las or .laz file; with tile_count > 1 a folder that is made, holding
                           tile_<column>_<row>.laz */
    bool replace;
    uint64_t point_count;  /* in all tiles together, exactly */
    uint32_t tile_count;   /* 1 or more */
    unsigned point_format; /* 0 to 10; 6 by default */
    uint64_t seed;
    uint32_t chunk_points; /* LAZ chunk size; 50 000 by default */
    double points_per_m2;  /* 10 by default */
    const char
        *crs; /* as for scree_las_crs_from_text(); "EPSG:2154+5720" by default; "" for none */
};

/* What was made; width and height are those of the whole area, in metres. */
struct scree_synth_result {
    uint64_t point_count, file_count, output_bytes;
    double width_m, height_m;
};

/* A million points in one file, and `size`; the output has to be set. */
SCREE_API void scree_synth_options_init(struct scree_synth_options *options);
/*
 * Makes the files, one after the other, chunks in parallel on the context's threads. result may be NULL. Each file is there whole or not at all; tiles that were
 * done before a failure stay. Errors: SCREE_E_ARGUMENT (names, sizes, formats that cannot be), SCREE_E_EXISTS, SCREE_E_BUDGET, SCREE_E_MEMORY, SCREE_E_IO,
 * SCREE_E_CANCELLED, and those of scree_las_crs_from_text().
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_synth_run(struct scree_context *context, const struct scree_synth_options *options,
                struct scree_synth_result *result, struct scree_error *err);

#ifdef __cplusplus
}
#endif

#endif
