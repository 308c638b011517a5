/* coder.c - the rare paths of reader.h and writer.h: a stream's last bytes, carries, the flush. */
#include "laz/reader.h"
#include "laz/writer.h"

LAZ_COLD uint32_t scree__laz_reader_tail(const uint8_t *at, const uint8_t *end)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < 4; i++)
        v = v << 8 | (at < end ? *at++ : 0u);
    return v;
}

LAZ_COLD uint64_t scree__laz_quad_tail(struct laz_reader *reader, const uint8_t **at)
{
    uintptr_t end = (uintptr_t)reader->end, from = (uintptr_t)*at;
    if (from > end) {
        reader->overrun += (uint32_t)(from - end);
        *at = reader->end;
    }
    size_t available = (size_t)(reader->end - *at);
    uint64_t high = scree__laz_reader_tail(*at, reader->end);
    return high << 32 |
           (available > 4 ? scree__laz_reader_tail(*at + 4, reader->end) : (uint64_t)0);
}

LAZ_COLD void scree__laz_writer_carry(uint8_t *at)
{
    at -= 4;
    /* Ends at the latest at the stream's first byte: the whole stream is a number below 1. */
    do {
        at--;
        *at = (uint8_t)(*at + 1u);
    } while (*at == 0);
}

size_t scree__laz_writer_flush(struct laz_writer *writer)
{
    bool wide = writer->width > 2 * LAZ_WIDTH_MIN;
    laz_writer_add(writer, wide ? LAZ_WIDTH_MIN : LAZ_WIDTH_MIN >> 1);
    writer->width = wide ? LAZ_WIDTH_MIN >> 1 : LAZ_WIDTH_MIN >> 9;
    laz_writer_shift(writer);
    unsigned zeros = wide ? 3 : 2;
    memset(writer->at, 0, zeros);
    writer->at += zeros;
    return (size_t)(writer->at - writer->begin);
}

#define FOUR_TIMES(v)      \
    {                      \
        (v), (v), (v), (v) \
    }

/* quad.h tells which is which. */
extern const uint64_t scree__laz_quads[8][4];
_Alignas(32) const uint64_t scree__laz_quads[8][4] = {FOUR_TIMES(0x4330000000000000u),
                                                      FOUR_TIMES(24),
                                                      FOUR_TIMES(64),
                                                      FOUR_TIMES(0x0010001000100000u),
                                                      FOUR_TIMES(0xFFFF),
                                                      FOUR_TIMES(1023 + 31),
                                                      FOUR_TIMES(0xFF),
                                                      FOUR_TIMES(sizeof(struct laz_model_256))};
