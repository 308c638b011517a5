/*
 * laszip.cpp - LASzip itself as the judge of the codec: for random layouts, chunks and records, both
 * write the same bytes, and each reads what the other wrote. One run in eight also has values that
 * LASzip's encoder loses (-0.0 after 0.0 as a time, wave packets of 2^31 bytes and more); where it does,
 * LASzip has to read them from our bytes, and what it reads from its own we have to read as well.
 *
 * usage: laszip RUNS [SEED]      exit code 0 when there is no difference at all
 *
 * Built by laszip.sh against LASzip's own classes, because only these write all versions of the
 * items (1 and 2 of formats 0 to 5, 3 and 4 of formats 6 to 10) to memory.
 */
#include "bytestreamin_array.hpp"
#include "bytestreamout_array.hpp"
#include "lasreadpoint.hpp"
#include "laswritepoint.hpp"

#include "scree/laz.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

/* ---------------------------------------------------------------------------------- what is tried */

static uint64_t random_state;

static uint64_t random64()
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)((random64() >> 32) * n >> 32);
}

/* 1 to n, each magnitude as likely as the others. */
static uint32_t magnitude(uint32_t n)
{
    unsigned bits = 0;
    while (n >> (bits + 1) != 0)
        bits++;
    uint32_t top = 1u << below(bits + 1);
    uint32_t value = top + below(top);
    return value < n ? value : n;
}

struct Run {
    unsigned format, version, channels;
    uint32_t extra_bytes, chunk_points; /* SCREE_LAZ_VARIABLE_CHUNKS: chunks as listed */
    bool one_chunk;                     /* compressor 1 */
    bool beyond;                        /* with values that LASzip loses */
    std::vector<uint32_t> chunks;
    uint32_t point_count;
    uint32_t wild, same, extreme; /* of 100 points */
    struct scree_laz_layout layout;
    std::vector<uint8_t> records;
};

static const uint32_t RECORD_BYTES_MAX = 3u << 20; /* of one run */

static void choose_chunks(Run &run)
{
    uint32_t most = std::max(1u, RECORD_BYTES_MAX / run.layout.record_bytes);
    uint32_t chunk = std::min(magnitude(100000), most);
    /* A new chunk means new models, which take longer than its points: not too many. */
    uint32_t points = std::min(most, chunk * (1 + below(chunk < 1000 ? 40 : 3)) + below(chunk));
    run.point_count = std::max(1u, points);
    if (run.one_chunk || below(3) != 0) {
        run.layout.chunk_points = run.chunk_points = chunk;
        if (run.one_chunk)
            chunk = run.point_count;
        for (uint32_t left = run.point_count; left > 0; left -= run.chunks.back())
            run.chunks.push_back(std::min(chunk, left));
        return;
    }
    run.layout.chunk_points = run.chunk_points = SCREE_LAZ_VARIABLE_CHUNKS;
    for (uint32_t left = run.point_count; left > 0; left -= run.chunks.back())
        run.chunks.push_back(std::min(1 + below(2 * chunk), left));
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static void add(uint8_t *at, unsigned bytes, int64_t step)
{
    put(at, get(at, bytes) + (uint64_t)step, bytes);
}

static int32_t around(uint32_t n)
{
    return (int32_t)below(2 * n + 1) - (int32_t)n;
}

/* Where an attribute lies in a record; 0: the format has none. */
struct Places {
    unsigned gps, rgb, nir, wave, extra;
};

static Places places_of(unsigned format, uint32_t record_bytes, uint32_t extra_bytes)
{
    Places p = {0, 0, 0, 0, record_bytes - extra_bytes};
    unsigned at = format >= 6 ? 30 : 20;
    if (format >= 6)
        p.gps = 22;
    else if (format == 1 || format >= 3)
        p.gps = at, at += 8;
    if (format == 2 || format == 3 || format == 5 || format == 7 || format == 8 || format == 10)
        p.rgb = at, at += 6;
    if (format == 8 || format == 10)
        p.nir = at, at += 2;
    if (format == 4 || format == 5 || format == 9 || format == 10)
        p.wave = at;
    return p;
}

/* A point like the one before, as a survey has them. */
static void step_smoothly(const Run &run, const Places &p, uint8_t *r)
{
    static int64_t gps_step = 1000;
    for (unsigned axis = 0; axis < 3; axis++)
        add(r + 4 * axis, 4, around(below(10) ? 30 : 3000));
    if (below(2))
        add(r + 12, 2, around(40));
    if (below(3) == 0)
        r[14] = (uint8_t)random64();
    if (below(12) == 0)
        r[15] = (uint8_t)random64();
    if (below(8) == 0)
        r[16] = (uint8_t)(run.format >= 6 ? below(256) : (uint32_t)(r[16] + around(2)));
    if (below(30) == 0)
        add(r + 17, 1, around(3));
    if (below(9) == 0)
        add(r + 18, 2, around(run.format >= 6 ? 200 : 1));
    if (run.format >= 6 && below(40) == 0)
        add(r + 20, 2, around(1));
    if (p.gps && below(3) != 0) {
        if (below(40) == 0)
            gps_step = around(1u << below(30));
        add(r + p.gps, 8, gps_step * (below(8) ? 1 : (int64_t)below(600) - 20) + around(below(3)));
    }
    for (unsigned i = 0; p.rgb && i < (p.nir ? 4u : 3u) && below(3); i++)
        add(r + p.rgb + 2 * i, 2, around(below(6) ? 400 : 40000));
    if (p.wave && below(2)) {
        add(r + p.wave + 1, 8, below(3) ? (int64_t)get(r + p.wave + 9, 4) : around(3000));
        for (unsigned i = 0; i < 4; i++)
            add(r + p.wave + 13 + 4 * i, 4, around(2000));
    }
    for (uint32_t i = 0; i < run.extra_bytes; i++)
        if (below(4) == 0)
            r[p.extra + i] = (uint8_t)(r[p.extra + i] + around(2));
}

/* One attribute takes a value at the edge of its range. */
static void go_to_an_edge(const Run &run, const Places &p, uint8_t *r)
{
    static const uint64_t times[] = {
        0, 0x8000000000000000u, 0x7FF8000000000001u, 0xFFF0000000000000u,
        1, 0xFFFFFFFFFFFFFFFFu, 0x4110000000000000u, 0x4110000100000000u};
    static const uint32_t edges[] = {0, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu, 0x00FFFFFFu};
    switch (below(6)) {
    case 0:
        put(r + 4 * below(3), edges[below(5)], 4);
        break;
    case 1:
        if (p.gps)
            put(r + p.gps, times[below(8)], 8);
        break;
    case 2:
        if (p.rgb)
            put(r + p.rgb + 2 * below(3), below(2) ? 0xFFFF : 0, 2);
        break;
    case 3:
        memset(r + 12, below(2) ? 0xFF : 0, run.format >= 6 ? 10 : 8);
        break;
    case 4:
        if (p.wave)
            memset(r + p.wave, below(2) ? 0xFF : 0, 29);
        break;
    default:
        memset(r + p.extra, (int)below(256), run.extra_bytes);
        break;
    }
}

static void make_records(Run &run)
{
    const uint32_t bytes = run.layout.record_bytes;
    const Places p = places_of(run.format, bytes, run.extra_bytes);
    std::vector<uint8_t> now(bytes);
    unsigned channel = below(run.channels);
    run.records.resize((size_t)bytes * run.point_count);
    for (uint32_t i = 0; i < run.point_count; i++) {
        uint32_t way = below(100);
        if (i == 0 || way < run.wild)
            for (uint32_t j = 0; j < bytes; j++)
                now[j] = (uint8_t)random64();
        else if (way < run.wild + run.extreme)
            go_to_an_edge(run, p, now.data());
        else if (way >= run.wild + run.extreme + run.same)
            step_smoothly(run, p, now.data());
        if (below(6) == 0)
            channel = below(run.channels);
        if (run.format >= 6)
            now[15] = (uint8_t)((now[15] & 0xCF) | channel << 4);
        if (!run.beyond && p.wave)
            now[p.wave + 12] &= 0x7F;
        if (!run.beyond && p.gps && get(&now[p.gps], 8) == 0x8000000000000000u)
            now[p.gps] = 1;
        memcpy(&run.records[(size_t)i * bytes], now.data(), bytes);
    }
}

static bool choose(Run &run)
{
    static const uint32_t shares[] = {0, 0, 1, 10, 50, 100};
    run.format = below(11);
    run.version = (run.format >= 6 ? 3 : 1) + below(2);
    run.channels = run.format >= 6 ? 1 + below(4) : 1;
    run.extra_bytes = below(3) == 0 ? 0 : below(5) ? below(9) : below(201);
    run.one_chunk = run.format < 6 && below(8) == 0;
    run.beyond = below(8) == 0;
    if (scree_laz_layout_init(&run.layout, run.format, run.extra_bytes, 1, nullptr) != SCREE_OK)
        return false;
    for (unsigned i = 0; i < run.layout.item_count; i++)
        if (run.layout.items[i].type != SCREE_LAZ_WAVEPACKET13)
            run.layout.items[i].version = (uint16_t)run.version;
    if (run.one_chunk)
        run.layout.compressor = SCREE_LAZ_POINTWISE;
    choose_chunks(run);
    run.wild = shares[below(6)];
    run.extreme = shares[below(5)];
    run.same = shares[below(6)];
    make_records(run);
    return true;
}

/* --------------------------------------------------------------------------------------- LASzip */

/*
 * LASzip holds points of formats 6 to 10 in a struct of its own, at these bytes: 14 scan direction
 * (bit 6) and edge of flight line (7), 15 class below 32 and the lower flags, 17 user data, 18 source,
 * 20 scan angle, 22 its kind, channel and flags, 23 class, 24 returns, 32 GPS time.
 */
static const unsigned POINT14_BYTES = 64;

static void to_laszip(const uint8_t *r, uint8_t *point)
{
    memset(point, 0, POINT14_BYTES);
    memcpy(point, r, 14);
    point[14] = r[15] & 0xC0;
    point[15] = (uint8_t)((r[16] < 32 ? r[16] : 0) | (r[15] & 7) << 5);
    point[17] = r[17];
    memcpy(point + 18, r + 20, 2);
    memcpy(point + 20, r + 18, 2);
    point[22] = (uint8_t)(1 | (r[15] >> 4 & 3) << 2 | (r[15] & 15) << 4);
    point[23] = r[16];
    point[24] = r[14];
    memcpy(point + 32, r + 22, 8);
}

static void from_laszip(const uint8_t *point, uint8_t *r)
{
    memcpy(r, point, 14);
    r[14] = point[24];
    r[15] = (uint8_t)(point[22] >> 4 | (point[22] >> 2 & 3) << 4 | (point[14] & 0xC0));
    r[16] = point[23];
    r[17] = point[17];
    memcpy(r + 18, point + 20, 2);
    memcpy(r + 20, point + 18, 2);
    memcpy(r + 22, point + 32, 8);
}

/* A record cut into LASzip's items, with POINT14 in its struct. */
struct Items {
    std::vector<U8> point14;
    std::vector<U8> record;
    std::vector<U8 *> at;

    explicit Items(const Run &run) : point14(POINT14_BYTES), record(run.layout.record_bytes)
    {
        size_t offset = 0;
        for (unsigned i = 0; i < run.layout.item_count; i++) {
            bool own = run.layout.items[i].type == SCREE_LAZ_POINT14;
            at.push_back(own ? point14.data() : record.data() + offset);
            offset += run.layout.items[i].bytes;
        }
    }
};

static bool setup(const Run &run, LASzip &zip)
{
    std::vector<uint8_t> payload(scree_laz_layout_vlr_bytes(&run.layout));
    scree_laz_layout_vlr_write(&run.layout, payload.data());
    return zip.unpack(payload.data(), (int)payload.size());
}

static bool laszip_encode(const Run &run, std::vector<uint8_t> &out)
{
    LASzip zip;
    LASwritePoint writer;
    ByteStreamOutArrayLE stream(65536);
    Items items(run);
    if (!setup(run, zip) || !writer.setup(zip.num_items, zip.items, &zip) || !writer.init(&stream))
        return false;
    size_t chunk = 0;
    uint32_t in_chunk = 0;
    for (uint32_t i = 0; i < run.point_count; i++) {
        const uint8_t *record = &run.records[(size_t)i * run.layout.record_bytes];
        items.record.assign(record, record + run.layout.record_bytes);
        if (run.format >= 6)
            to_laszip(record, items.point14.data());
        if (!writer.write(items.at.data()))
            return false;
        if (run.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS && ++in_chunk == run.chunks[chunk]) {
            if (!writer.chunk())
                return false;
            chunk++;
            in_chunk = 0;
        }
    }
    if (!writer.done())
        return false;
    out.assign(stream.getData(), stream.getData() + stream.getCurr());
    return true;
}

static bool laszip_decode(const Run &run, const std::vector<uint8_t> &in, std::vector<uint8_t> &out)
{
    LASzip zip;
    LASreadPoint reader;
    ByteStreamInArrayLE stream(in.data(), (I64)in.size());
    Items items(run);
    if (!setup(run, zip) || !reader.setup(zip.num_items, zip.items, &zip) || !reader.init(&stream))
        return false;
    out.clear();
    for (uint32_t i = 0; i < run.point_count; i++) {
        if (!reader.read(items.at.data()))
            return false;
        if (run.format >= 6)
            from_laszip(items.point14.data(), items.record.data());
        out.insert(out.end(), items.record.begin(), items.record.end());
    }
    return true;
}

/* ----------------------------------------------------------------------------------------- scree */

struct Memory {
    void *bytes;
    size_t count;
    explicit Memory(size_t n) : bytes(aligned_alloc(64, (n + 63) / 64 * 64)), count(n)
    {
    }
    ~Memory()
    {
        free(bytes);
    }
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
};

/* As in a file whose points begin at byte 0: place of the chunk table, chunks, chunk table. */
static bool scree_encode(const Run &run, std::vector<uint8_t> &out)
{
    Memory state(scree_laz_encoder_bytes(&run.layout));
    struct scree_laz_encoder *encoder;
    std::vector<struct scree_laz_chunk> table;
    size_t point = 0;
    if (scree_laz_encoder_init(state.bytes, state.count, &run.layout, &encoder, nullptr) !=
        SCREE_OK)
        return false;
    out.assign(run.one_chunk ? 0 : 8, 0);
    for (uint32_t count : run.chunks) {
        size_t used = out.size(), bytes;
        std::vector<uint8_t> chunk(scree_laz_encode_bound(&run.layout, count));
        if (scree_laz_encode(encoder, &run.records[point * run.layout.record_bytes],
                             run.layout.record_bytes, count, chunk.data(), chunk.size(), &bytes,
                             nullptr) != SCREE_OK)
            return false;
        out.insert(out.begin() + (ptrdiff_t)used, chunk.begin(), chunk.begin() + (ptrdiff_t)bytes);
        struct scree_laz_chunk entry = {bytes, count};
        table.push_back(entry);
        point += count;
    }
    if (run.one_chunk)
        return true;
    std::vector<uint8_t> coded(scree_laz_chunk_table_bound((uint32_t)table.size()));
    size_t bytes;
    if (scree_laz_chunk_table_write(table.data(), (uint32_t)table.size(),
                                    run.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS, coded.data(),
                                    coded.size(), &bytes, nullptr) != SCREE_OK)
        return false;
    put(out.data(), out.size(), 8);
    out.insert(out.end(), coded.begin(), coded.begin() + (ptrdiff_t)bytes);
    return true;
}

/* A chunk and where its records go. */
struct Piece {
    const uint8_t *chunk;
    size_t bytes;
    uint32_t count;
    uint8_t *records;
};

static bool decode_alone(const Run &run, struct scree_laz_decoder *decoder, const Piece &piece,
                         uint32_t done)
{
    size_t record_bytes = run.layout.record_bytes, consumed;
    while (done < piece.count) {
        size_t step = std::min<size_t>(magnitude(3000), piece.count - done);
        if (scree_laz_decoder_next(decoder, piece.records + done * record_bytes, record_bytes, step,
                                   nullptr) != SCREE_OK)
            return false;
        done += (uint32_t)step;
    }
    return scree_laz_decoder_end(decoder, &consumed, nullptr) == SCREE_OK &&
           consumed == piece.bytes;
}

/* Both together as long as both have points, and what the longer one has left alone. */
static bool decode_two(const Run &run, struct scree_laz_decoder *const decoders[2],
                       const Piece *pieces)
{
    size_t record_bytes = run.layout.record_bytes;
    uint32_t done[2] = {0, 0};
    for (unsigned i = 0; i < 2; i++)
        if (scree_laz_decoder_begin(decoders[i], pieces[i].chunk, pieces[i].bytes, pieces[i].count,
                                    nullptr) != SCREE_OK)
            return false;
    while (done[0] < pieces[0].count && done[1] < pieces[1].count) {
        struct scree_laz_part parts[2] = {};
        size_t step = magnitude(3000);
        for (unsigned i = 0; i < 2; i++) {
            parts[i].decoder = decoders[i];
            parts[i].records = pieces[i].records + done[i] * record_bytes;
            parts[i].stride_bytes = record_bytes;
            parts[i].count = std::min<size_t>(i == 1 && below(4) == 0 ? magnitude(3000) : step,
                                              pieces[i].count - done[i]);
        }
        scree_laz_decoder_next_two(parts);
        for (unsigned i = 0; i < 2; i++) {
            if (parts[i].status != SCREE_OK)
                return false;
            done[i] += (uint32_t)parts[i].count;
        }
    }
    return decode_alone(run, decoders[0], pieces[0], done[0]) &&
           decode_alone(run, decoders[1], pieces[1], done[1]);
}

static bool decode_pieces(const Run &run, const std::vector<Piece> &pieces, bool by_pairs)
{
    Memory first(scree_laz_decoder_bytes(&run.layout)), second(first.count);
    struct scree_laz_decoder *decoders[2];
    if (scree_laz_decoder_init(first.bytes, first.count, &run.layout, SCREE_LAZ_FIELD_ALL,
                               &decoders[0], nullptr) != SCREE_OK ||
        scree_laz_decoder_init(second.bytes, second.count, &run.layout, SCREE_LAZ_FIELD_ALL,
                               &decoders[1], nullptr) != SCREE_OK)
        return false;
    size_t i = 0;
    for (; by_pairs && i + 1 < pieces.size(); i += 2)
        if (!decode_two(run, decoders, &pieces[i]))
            return false;
    for (; i < pieces.size(); i++)
        if (scree_laz_decoder_begin(decoders[0], pieces[i].chunk, pieces[i].bytes, pieces[i].count,
                                    nullptr) != SCREE_OK ||
            !decode_alone(run, decoders[0], pieces[i], 0))
            return false;
    return true;
}

/* The chunks of a file, by its table; false where the table is not what it should be. */
static bool find_pieces(const Run &run, const std::vector<uint8_t> &in, uint8_t *records,
                        std::vector<Piece> &pieces)
{
    bool variable = run.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    size_t table_at = (size_t)get(in.data(), 8), at = 8, point = 0, table_bytes;
    uint32_t count;
    if (table_at > in.size() ||
        scree_laz_chunk_table_count(&in[table_at], in.size() - table_at, run.point_count, &count,
                                    nullptr) != SCREE_OK ||
        count != run.chunks.size())
        return false;
    std::vector<struct scree_laz_chunk> table(count);
    if (scree_laz_chunk_table_read(&in[table_at], in.size() - table_at, variable, table.data(),
                                   count, &table_bytes, nullptr) != SCREE_OK ||
        table_at + table_bytes != in.size())
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if ((variable && table[i].point_count != run.chunks[i]) || at + table[i].bytes > table_at)
            return false;
        pieces.push_back({&in[at], (size_t)table[i].bytes, run.chunks[i],
                          records + point * run.layout.record_bytes});
        at += (size_t)table[i].bytes;
        point += run.chunks[i];
    }
    return at == table_at;
}

/* Chunk by chunk and two chunks at a time: both have to give the same. */
static bool scree_decode(const Run &run, const std::vector<uint8_t> &in, std::vector<uint8_t> &out)
{
    std::vector<Piece> pieces;
    out.assign(run.point_count * run.layout.record_bytes, 0);
    if (run.one_chunk)
        pieces.push_back({in.data(), in.size(), (uint32_t)run.point_count, out.data()});
    else if (!find_pieces(run, in, out.data(), pieces))
        return false;
    if (!decode_pieces(run, pieces, true))
        return false;
    const std::vector<uint8_t> by_pairs = out;
    std::fill(out.begin(), out.end(), (uint8_t)0);
    return decode_pieces(run, pieces, false) && by_pairs == out;
}

/* ----------------------------------------------------------------------------------------- whole */

/* LASzip does not get back what it wrote. */
static const char *judge_loss(const Run &run, const std::vector<uint8_t> &theirs,
                              const std::vector<uint8_t> &ours, const std::vector<uint8_t> &lossy)
{
    std::vector<uint8_t> decoded;
    if (!run.beyond)
        return "LASzip does not read what it wrote";
    if (!scree_decode(run, theirs, decoded) || decoded != lossy)
        return "scree decodes LASzip's bytes to other records than LASzip";
    if (!scree_decode(run, ours, decoded) || decoded != run.records)
        return "scree does not read what it wrote";
    if (!laszip_decode(run, ours, decoded) || decoded != run.records)
        return "LASzip does not decode scree's bytes to the records";
    return nullptr;
}

static const char *judge(const Run &run, size_t *bytes, bool *loss)
{
    std::vector<uint8_t> theirs, ours, decoded;
    if (!laszip_encode(run, theirs))
        return "LASzip does not encode it";
    if (!scree_encode(run, ours))
        return "scree does not encode it";
    *bytes = ours.size();
    if (!laszip_decode(run, theirs, decoded))
        return "LASzip does not decode its own bytes";
    *loss = decoded != run.records;
    if (*loss)
        return judge_loss(run, theirs, ours, decoded);
    if (ours != theirs)
        return "the bytes differ";
    if (!scree_decode(run, theirs, decoded))
        return "scree does not decode LASzip's bytes";
    if (decoded != run.records)
        return "scree decodes LASzip's bytes to other records";
    if (!laszip_decode(run, ours, decoded))
        return "LASzip does not decode scree's bytes";
    if (decoded != run.records)
        return "LASzip decodes scree's bytes to other records";
    return nullptr;
}

int main(int argc, char **argv)
{
    unsigned long runs = argc > 1 ? strtoul(argv[1], nullptr, 10) : 0, differences = 0, losses = 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], nullptr, 10) : 1;
    unsigned long long points = 0, chunks = 0, coded = 0;
    unsigned long per_version[5] = {0};
    if (runs == 0) {
        fprintf(stderr, "usage: laszip RUNS [SEED]\n");
        return 2;
    }
    for (unsigned long i = 0; i < runs; i++) {
        Run run = {};
        size_t bytes = 0;
        random_state = (seed << 32) + i;
        bool loss = false;
        const char *difference = choose(run) ? judge(run, &bytes, &loss) : "no layout";
        points += run.point_count;
        chunks += run.chunks.size();
        coded += bytes;
        losses += loss;
        per_version[run.version]++;
        if (difference == nullptr)
            continue;
        differences++;
        printf("run %lu: format %u, version %u, %u channels, %u extra bytes, %u points in %zu "
               "chunks: %s\n",
               i, run.format, run.version, run.channels, (unsigned)run.extra_bytes,
               (unsigned)run.point_count, run.chunks.size(), difference);
    }
    printf(
        "%lu runs (items of version 1: %lu, 2: %lu, 3: %lu, 4: %lu), %llu points in %llu chunks, "
        "%llu bytes; in %lu of them LASzip loses data; %lu differences\n",
        runs, per_version[1], per_version[2], per_version[3], per_version[4], points, chunks, coded,
        losses, differences);
    return differences == 0 ? 0 : 1;
}
