/* input.c - rows of floats from files whose layout is known. */
#include "vectors/input.h"
#include "vectors/half.h"
#include "vectors/npy.h"
#include "base/bytes.h"
#include "base/error.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static const uint32_t element_bytes[] = {4, 2, 8, 1, 4, 4, 8, 8};

static enum scree_vectors_format format_of_name(const char *name)
{
    static const struct {
        const char *ending;
        enum scree_vectors_format format;
    } endings[] = {{".npy", SCREE_VECTORS_FORMAT_NPY},
                   {".fvecs", SCREE_VECTORS_FORMAT_FVECS},
                   {".bvecs", SCREE_VECTORS_FORMAT_BVECS},
                   {".fbin", SCREE_VECTORS_FORMAT_FBIN},
                   {".u8bin", SCREE_VECTORS_FORMAT_U8BIN}};
    size_t bytes = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t length = strlen(endings[i].ending);
        if (bytes > length && strcasecmp(name + bytes - length, endings[i].ending) == 0)
            return endings[i].format;
    }
    return SCREE_VECTORS_FORMAT_AUTO;
}

/* What the file has behind its header must be whole rows, as many as it says. */
static enum scree_status check_length(const struct scree__vectors_input *input,
                                      struct scree_error *err)
{
    const char *name = scree_source_name(input->source);
    uint64_t length = scree_source_bytes(input->source), data;
    if (!scree__base_mul64(input->row_count, input->row_bytes, &data) ||
        data > UINT64_MAX - input->data_offset)
        return scree__base_fail(err, SCREE_E_DATA, "%s: header: %llu rows of %llu bytes cannot be",
                                name, (unsigned long long)input->row_count,
                                (unsigned long long)input->row_bytes);
    if (length - input->data_offset < data)
        return scree__base_fail(
            err, SCREE_E_DATA,
            "%s: truncated: %llu rows of %u dimensions take %llu bytes, the file has %llu", name,
            (unsigned long long)input->row_count, input->dim,
            (unsigned long long)(data + input->data_offset), (unsigned long long)length);
    if (length - input->data_offset > data)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: %llu bytes lie behind its %llu rows of %u dimensions", name,
                                (unsigned long long)(length - input->data_offset - data),
                                (unsigned long long)input->row_count, input->dim);
    return SCREE_OK;
}

static enum scree_status check_dim(const char *name, uint64_t dim, struct scree_error *err)
{
    if (dim >= SCREE_VECTORS_DIM_MIN && dim <= SCREE_VECTORS_DIM_MAX)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_DATA, "%s: %llu dimensions; expected 2 to 65536", name,
                            (unsigned long long)dim);
}

static void set_element(struct scree__vectors_input *input, enum scree__vectors_element element)
{
    input->element = element;
    input->element_bytes = element_bytes[element];
    input->row_bytes = input->prefix_bytes + (uint64_t)input->dim * input->element_bytes;
}

static enum scree_status init_npy(struct scree__vectors_input *input, struct scree_error *err)
{
    struct scree__vectors_npy npy;
    const char *name = scree_source_name(input->source);
    enum scree_status status = scree__vectors_npy_read(input->source, &npy, err);
    if (status != SCREE_OK)
        return status;
    if (npy.axes != 2)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: an array of %u axes; expected 2, rows and dimensions", name,
                                npy.axes);
    if (npy.element > SCREE__VECTORS_U1)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: numbers of type %s; expected f4, f2, f8 or u1", name,
                                npy.type);
    status = check_dim(name, npy.shape[1], err);
    if (status != SCREE_OK)
        return status;
    input->dim = (uint32_t)npy.shape[1];
    input->row_count = npy.shape[0];
    input->data_offset = npy.data_offset;
    set_element(input, npy.element);
    return check_length(input, err);
}

/* fvecs, bvecs: each row begins with its dim. */
static enum scree_status init_vecs(struct scree__vectors_input *input,
                                   enum scree__vectors_element element, struct scree_error *err)
{
    uint8_t head[4];
    const char *name = scree_source_name(input->source);
    uint64_t length = scree_source_bytes(input->source);
    if (length == 0)
        return scree__base_fail(err, SCREE_E_DATA, "%s: holds no vectors", name);
    enum scree_status status = scree_source_read(input->source, 0, head, sizeof head, err);
    if (status == SCREE_OK)
        status = check_dim(name, scree__base_load32(head), err);
    if (status != SCREE_OK)
        return status;
    input->dim = scree__base_load32(head);
    input->prefix_bytes = 4;
    set_element(input, element);
    input->row_count = length / input->row_bytes;
    if (length % input->row_bytes != 0)
        return scree__base_fail(
            err, SCREE_E_DATA,
            "%s: truncated: row %llu has %llu bytes, expected %llu (%u dimensions)", name,
            (unsigned long long)input->row_count, (unsigned long long)(length % input->row_bytes),
            (unsigned long long)input->row_bytes, input->dim);
    return SCREE_OK;
}

/* fbin, u8bin: u32 rows, u32 dim. */
static enum scree_status init_bin(struct scree__vectors_input *input,
                                  enum scree__vectors_element element, struct scree_error *err)
{
    uint8_t head[8];
    const char *name = scree_source_name(input->source);
    enum scree_status status = scree_source_read(input->source, 0, head, sizeof head, err);
    if (status == SCREE_OK)
        status = check_dim(name, scree__base_load32(head + 4), err);
    if (status != SCREE_OK)
        return status;
    input->row_count = scree__base_load32(head);
    input->dim = scree__base_load32(head + 4);
    input->data_offset = sizeof head;
    set_element(input, element);
    return check_length(input, err);
}

static enum scree_status init_raw(struct scree__vectors_input *input,
                                  enum scree__vectors_element element, uint32_t dim,
                                  struct scree_error *err)
{
    const char *name = scree_source_name(input->source);
    uint64_t length = scree_source_bytes(input->source);
    if (dim == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: numbers without a header: --dim says how many are a row",
                                name);
    enum scree_status status = check_dim(name, dim, err);
    if (status != SCREE_OK)
        return status;
    input->dim = dim;
    set_element(input, element);
    input->row_count = length / input->row_bytes;
    if (length % input->row_bytes != 0)
        return scree__base_fail(
            err, SCREE_E_DATA, "%s: truncated: %llu bytes are no multiple of %llu (%u dimensions)",
            name, (unsigned long long)length, (unsigned long long)input->row_bytes, dim);
    return SCREE_OK;
}

static enum scree_status init_by_format(struct scree__vectors_input *input,
                                        enum scree_vectors_format format, uint32_t dim,
                                        struct scree_error *err)
{
    switch (format) {
    case SCREE_VECTORS_FORMAT_NPY:
        return init_npy(input, err);
    case SCREE_VECTORS_FORMAT_FVECS:
        return init_vecs(input, SCREE__VECTORS_F4, err);
    case SCREE_VECTORS_FORMAT_BVECS:
        return init_vecs(input, SCREE__VECTORS_U1, err);
    case SCREE_VECTORS_FORMAT_FBIN:
        return init_bin(input, SCREE__VECTORS_F4, err);
    case SCREE_VECTORS_FORMAT_U8BIN:
        return init_bin(input, SCREE__VECTORS_U1, err);
    case SCREE_VECTORS_FORMAT_F4:
        return init_raw(input, SCREE__VECTORS_F4, dim, err);
    case SCREE_VECTORS_FORMAT_F2:
        return init_raw(input, SCREE__VECTORS_F2, dim, err);
    case SCREE_VECTORS_FORMAT_F8:
        return init_raw(input, SCREE__VECTORS_F8, dim, err);
    case SCREE_VECTORS_FORMAT_U1:
        return init_raw(input, SCREE__VECTORS_U1, dim, err);
    case SCREE_VECTORS_FORMAT_AUTO:
        break;
    }
    return scree__base_fail(err, SCREE_E_ARGUMENT,
                            "%s: its name does not tell its format (npy, fvecs, bvecs, fbin, "
                            "u8bin); --format does",
                            scree_source_name(input->source));
}

enum scree_status scree__vectors_input_init(struct scree__vectors_input *input,
                                            struct scree_source *source,
                                            enum scree_vectors_format format, uint32_t dim,
                                            struct scree_error *err)
{
    memset(input, 0, sizeof *input);
    input->source = source;
    if (format == SCREE_VECTORS_FORMAT_AUTO)
        format = format_of_name(scree_source_name(source));
    enum scree_status status = init_by_format(input, format, dim, err);
    if (status == SCREE_OK && dim != 0 && dim != input->dim)
        status = scree__base_fail(err, SCREE_E_ARGUMENT, "%s: has %u dimensions, expected %u",
                                  scree_source_name(source), input->dim, dim);
    return status;
}

enum scree_status scree__vectors_input_init_ids(struct scree__vectors_input *input,
                                                struct scree_source *source,
                                                struct scree_error *err)
{
    struct scree__vectors_npy npy;
    memset(input, 0, sizeof *input);
    input->source = source;
    enum scree_status status = scree__vectors_npy_read(source, &npy, err);
    if (status != SCREE_OK)
        return status;
    if (npy.axes != 1 || npy.element < SCREE__VECTORS_I4)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: expected ids as one axis of i4, i8, u4 or u8",
                                scree_source_name(source));
    input->dim = 1;
    input->row_count = npy.shape[0];
    input->data_offset = npy.data_offset;
    set_element(input, npy.element);
    return check_length(input, err);
}

void scree__vectors_input_release(struct scree__vectors_input *input)
{
    if (input->owned)
        scree_source_close(input->source);
    memset(input, 0, sizeof *input);
}

/* -------------------------------------------------------------------------------------- reading */

static void convert(const struct scree__vectors_input *input, const uint8_t *raw, float *row)
{
    uint32_t dim = input->dim;
    switch (input->element) {
    case SCREE__VECTORS_F4:
        for (uint32_t i = 0; i < dim; i++) {
            uint32_t bits = scree__base_load32(raw + 4 * (size_t)i);
            memcpy(&row[i], &bits, sizeof bits);
        }
        return;
    case SCREE__VECTORS_F2:
        for (uint32_t i = 0; i < dim; i++)
            row[i] = scree__vectors_half_to_float(scree__base_load16(raw + 2 * (size_t)i));
        return;
    case SCREE__VECTORS_F8:
        for (uint32_t i = 0; i < dim; i++) {
            double value = scree__base_load_f64(raw + 8 * (size_t)i);
            /* What no float holds becomes infinity by choice, and is refused as such. */
            row[i] = fabs(value) > 1e37 ? (float)copysign(INFINITY, value) : (float)value;
        }
        return;
    case SCREE__VECTORS_U1:
        for (uint32_t i = 0; i < dim; i++)
            row[i] = raw[i];
        return;
    case SCREE__VECTORS_I4:
    case SCREE__VECTORS_U4:
    case SCREE__VECTORS_I8:
    case SCREE__VECTORS_U8:
        return;
    }
}

static enum scree_status convert_row(const struct scree__vectors_input *input, uint64_t row,
                                     const uint8_t *raw, float *to, struct scree_error *err)
{
    if (input->prefix_bytes > 0 && scree__base_load32(raw) != input->dim)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: row %llu at byte %llu has %u dimensions, the first has %u",
                                scree_source_name(input->source), (unsigned long long)row,
                                (unsigned long long)(input->data_offset + row * input->row_bytes),
                                scree__base_load32(raw), input->dim);
    convert(input, raw + input->prefix_bytes, to);
    return SCREE_OK;
}

enum scree_status scree__vectors_input_read(const struct scree__vectors_input *input,
                                            uint64_t first, uint64_t count, uint8_t *raw,
                                            float *rows, size_t row_stride, struct scree_error *err)
{
    enum scree_status status =
        scree_source_read(input->source, input->data_offset + first * input->row_bytes, raw,
                          (size_t)(count * input->row_bytes), err);
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++)
        status =
            convert_row(input, first + i, raw + i * input->row_bytes, rows + i * row_stride, err);
    return status;
}

enum scree_status scree__vectors_input_read_some(const struct scree__vectors_input *input,
                                                 const uint64_t *wanted, uint32_t count,
                                                 uint8_t *raw, float *rows, size_t row_stride,
                                                 struct scree_error *err)
{
    struct scree_range ranges[256] = {{0}};
    for (uint32_t i = 0; i < count; i++)
        ranges[i] = (struct scree_range){input->data_offset + wanted[i] * input->row_bytes,
                                         (size_t)input->row_bytes, raw + i * input->row_bytes};
    enum scree_status status = scree_source_read_many(input->source, ranges, count, err);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        status =
            convert_row(input, wanted[i], raw + i * input->row_bytes, rows + i * row_stride, err);
    return status;
}

enum scree_status scree__vectors_input_read_ids(const struct scree__vectors_input *input,
                                                uint64_t first, uint64_t count, uint8_t *raw,
                                                uint64_t *ids, struct scree_error *err)
{
    enum scree_status status =
        scree_source_read(input->source, input->data_offset + first * input->row_bytes, raw,
                          (size_t)(count * input->row_bytes), err);
    if (status != SCREE_OK)
        return status;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *p = raw + i * input->row_bytes;
        int64_t value = input->element == SCREE__VECTORS_I4   ? scree__base_load_i32(p)
                        : input->element == SCREE__VECTORS_U4 ? (int64_t)scree__base_load32(p)
                                                              : (int64_t)scree__base_load64(p);
        if (value < 0 && input->element != SCREE__VECTORS_U8)
            return scree__base_fail(err, SCREE_E_DATA, "%s: row %llu: the id %lld is negative",
                                    scree_source_name(input->source),
                                    (unsigned long long)(first + i), (long long)value);
        ids[i] = (uint64_t)value;
    }
    return SCREE_OK;
}

/* ------------------------------------------------------------------------------------- one row */

/* The bits of a float without its sign order like its size; NaN comes last. */
static uint32_t size_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x7fffffffu;
}

uint32_t scree__vectors_bad_component(const float *row, uint32_t dim)
{
    uint32_t limit = size_bits(SCREE__VECTORS_VALUE_MAX), bad = 0;
    for (uint32_t i = 0; i < dim; i++)
        bad |= size_bits(row[i]) > limit;
    if (bad == 0)
        return dim;
    uint32_t at = 0;
    while (size_bits(row[at]) <= limit)
        at++;
    return at;
}

enum scree_status scree__vectors_refuse_row(const struct scree__vectors_input *input, uint64_t row,
                                            const float *values, struct scree_error *err)
{
    uint32_t at = scree__vectors_bad_component(values, input->dim);
    float value = at < input->dim ? values[at] : 0;
    const char *what = isnan(value)   ? "NaN"
                       : isinf(value) ? "infinite, or too large for a float"
                                      : "beyond 1e16";
    return scree__base_fail(err, SCREE_E_DATA,
                            "%s: row %llu, column %u: %s (--skip-invalid leaves such rows out)",
                            scree_source_name(input->source), (unsigned long long)row, at, what);
}

float scree__vectors_normalise(float *row, uint32_t dim)
{
    double sums[8] = {0}, sum = 0;
    uint32_t i = 0;
    for (; i + 8 <= dim; i += 8)
        for (uint32_t lane = 0; lane < 8; lane++)
            sums[lane] += (double)row[i + lane] * (double)row[i + lane];
    for (; i < dim; i++)
        sums[i % 8] += (double)row[i] * (double)row[i];
    for (uint32_t lane = 0; lane < 8; lane++)
        sum += sums[lane];
    double length = sqrt(sum);
    if (length == 0)
        return 0;
    double factor = 1 / length;
    for (i = 0; i < dim; i++)
        row[i] = (float)((double)row[i] * factor);
    return (float)length;
}
