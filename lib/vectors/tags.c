/* tags.c - tags and their sets, each once, found by hashing. */
#include "vectors/tags.h"
#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

#define SLOTS (1u << 17) /* twice what there may be */
#define SLOTS_BYTES (SLOTS * sizeof(uint32_t))

static uint32_t hash_bytes(const void *bytes, size_t count)
{
    uint32_t hash = 2166136261u;
    for (const uint8_t *p = bytes; count-- > 0; p++)
        hash = (hash ^ *p) * 16777619u;
    return hash ^ hash >> 15;
}

enum scree_status scree__vectors_tags_init(struct scree__vectors_tags *tags,
                                           struct scree__mem_budget *budget,
                                           struct scree_error *err)
{
    void *memory;
    uint32_t empty;
    memset(tags, 0, sizeof *tags);
    tags->budget = budget;
    enum scree_status status =
        scree__mem_alloc(budget, 2 * SLOTS_BYTES, &memory, "tables of tags", err);
    if (status != SCREE_OK)
        return status;
    memset(memory, 0, 2 * SLOTS_BYTES);
    tags->tag_slots = memory;
    tags->set_slots = tags->tag_slots + SLOTS;
    return scree__vectors_tags_line(tags, "", 0, &empty, err);
}

void scree__vectors_tags_release(struct scree__vectors_tags *tags)
{
    struct scree__mem_budget *budget = tags->budget;
    scree__mem_free(budget, tags->tag_slots, 2 * SLOTS_BYTES);
    scree__mem_free(budget, tags->text, tags->text_capacity);
    scree__mem_free(budget, tags->tag_ends, tags->tag_capacity * sizeof(uint32_t));
    scree__mem_free(budget, tags->set_ends, tags->set_capacity * sizeof(uint32_t));
    scree__mem_free(budget, tags->items, tags->item_capacity * sizeof(uint32_t));
    memset(tags, 0, sizeof *tags);
}

static enum scree_status push(struct scree__vectors_tags *tags, uint32_t **array, uint64_t *count,
                              uint64_t *capacity, uint32_t value, struct scree_error *err)
{
    void *memory = *array;
    enum scree_status status =
        scree__mem_grow(tags->budget, &memory, capacity, *count + 1, sizeof value, "tags", err);
    *array = memory;
    if (status == SCREE_OK)
        (*array)[(*count)++] = value;
    return status;
}

static enum scree_status add_tag(struct scree__vectors_tags *tags, const char *text, size_t bytes,
                                 uint32_t *number, struct scree_error *err)
{
    uint32_t slot = hash_bytes(text, bytes) % SLOTS;
    for (; tags->tag_slots[slot] != 0; slot = (slot + 1) % SLOTS) {
        *number = tags->tag_slots[slot] - 1;
        uint32_t begin = *number == 0 ? 0 : tags->tag_ends[*number - 1];
        if (tags->tag_ends[*number] - begin == bytes &&
            memcmp(tags->text + begin, text, bytes) == 0)
            return SCREE_OK;
    }
    if (tags->tag_count == SCREE__VECTORS_TAGS_MAX)
        return scree__base_fail(err, SCREE_E_DATA, "more than %u different tags",
                                SCREE__VECTORS_TAGS_MAX);
    if (bytes > SCREE__VECTORS_TAG_BYTES_MAX)
        return scree__base_fail(err, SCREE_E_DATA, "a tag of %zu bytes; expected at most %u", bytes,
                                SCREE__VECTORS_TAG_BYTES_MAX);
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return scree__base_fail(err, SCREE_E_DATA, "a tag with control characters");
    }
    void *memory = tags->text;
    enum scree_status status = scree__mem_grow(tags->budget, &memory, &tags->text_capacity,
                                               tags->text_bytes + bytes, 1, "tags", err);
    tags->text = memory;
    if (status != SCREE_OK)
        return status;
    memcpy(tags->text + tags->text_bytes, text, bytes);
    tags->text_bytes += bytes;
    *number = (uint32_t)tags->tag_count;
    tags->tag_slots[slot] = *number + 1;
    return push(tags, &tags->tag_ends, &tags->tag_count, &tags->tag_capacity,
                (uint32_t)tags->text_bytes, err);
}

static enum scree_status add_set(struct scree__vectors_tags *tags, const uint32_t *items,
                                 uint32_t count, uint32_t *number, struct scree_error *err)
{
    uint32_t slot = hash_bytes(items, count * sizeof *items) % SLOTS;
    for (; tags->set_slots[slot] != 0; slot = (slot + 1) % SLOTS) {
        *number = tags->set_slots[slot] - 1;
        uint32_t begin = *number == 0 ? 0 : tags->set_ends[*number - 1];
        if (tags->set_ends[*number] - begin == count &&
            (count == 0 || memcmp(tags->items + begin, items, count * sizeof *items) == 0))
            return SCREE_OK;
    }
    if (tags->set_count == SCREE__VECTORS_TAG_SETS_MAX)
        return scree__base_fail(err, SCREE_E_DATA, "more than %u different sets of tags",
                                SCREE__VECTORS_TAG_SETS_MAX);
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        status = push(tags, &tags->items, &tags->item_count, &tags->item_capacity, items[i], err);
    if (status != SCREE_OK)
        return status;
    *number = (uint32_t)tags->set_count;
    tags->set_slots[slot] = *number + 1;
    return push(tags, &tags->set_ends, &tags->set_count, &tags->set_capacity,
                (uint32_t)tags->item_count, err);
}

/* Ascending, each once. */
static uint32_t put_in_order(uint32_t *items, uint32_t count, uint32_t item)
{
    uint32_t at = count;
    while (at > 0 && items[at - 1] > item)
        at--;
    if (at > 0 && items[at - 1] == item)
        return count;
    memmove(items + at + 1, items + at, (count - at) * sizeof *items);
    items[at] = item;
    return count + 1;
}

enum scree_status scree__vectors_tags_line(struct scree__vectors_tags *tags, const char *line,
                                           size_t bytes, uint32_t *set, struct scree_error *err)
{
    uint32_t items[SCREE__VECTORS_TAGS_A_ROW + 1], count = 0;
    const char *end = line + bytes;
    while (line < end) {
        const char *comma = memchr(line, ',', (size_t)(end - line));
        const char *stop = comma != NULL ? comma : end, *next = comma != NULL ? comma + 1 : end;
        while (line < stop && *line == ' ')
            line++;
        while (stop > line && stop[-1] == ' ')
            stop--;
        if (stop > line) {
            uint32_t item = 0;
            enum scree_status status = add_tag(tags, line, (size_t)(stop - line), &item, err);
            if (status != SCREE_OK)
                return status;
            count = put_in_order(items, count, item);
            if (count > SCREE__VECTORS_TAGS_A_ROW)
                return scree__base_fail(err, SCREE_E_DATA, "more than %u tags in a row",
                                        SCREE__VECTORS_TAGS_A_ROW);
        }
        line = next;
    }
    return add_set(tags, items, count, set, err);
}

/* -------------------------------------------------------------------------------------- section */

#define SECTION_HEAD 16u

uint64_t scree__vectors_tags_section_bytes(const struct scree__vectors_tags *tags)
{
    return SECTION_HEAD + 4 * (tags->tag_count + tags->set_count + tags->item_count) +
           tags->text_bytes;
}

static uint8_t *store_words(uint8_t *p, const uint32_t *words, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++, p += 4)
        scree__base_store32(p, words[i]);
    return p;
}

void scree__vectors_tags_store(const struct scree__vectors_tags *tags, uint8_t *section)
{
    scree__base_store32(section, (uint32_t)tags->tag_count);
    scree__base_store32(section + 4, (uint32_t)tags->set_count);
    scree__base_store32(section + 8, (uint32_t)tags->text_bytes);
    scree__base_store32(section + 12, (uint32_t)tags->item_count);
    uint8_t *p = store_words(section + SECTION_HEAD, tags->tag_ends, tags->tag_count);
    p = store_words(p, tags->set_ends, tags->set_count);
    p = store_words(p, tags->items, tags->item_count);
    if (tags->text_bytes > 0)
        memcpy(p, tags->text, tags->text_bytes);
}

struct section {
    uint32_t tags, sets, text_bytes, items;
    const uint8_t *tag_ends, *set_ends, *item, *text;
};

static void open_section(const uint8_t *bytes, struct section *s)
{
    s->tags = scree__base_load32(bytes);
    s->sets = scree__base_load32(bytes + 4);
    s->text_bytes = scree__base_load32(bytes + 8);
    s->items = scree__base_load32(bytes + 12);
    s->tag_ends = bytes + SECTION_HEAD;
    s->set_ends = s->tag_ends + 4 * (size_t)s->tags;
    s->item = s->set_ends + 4 * (size_t)s->sets;
    s->text = s->item + 4 * (size_t)s->items;
}

static bool ascending(const uint8_t *ends, uint32_t count, uint32_t last)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t end = scree__base_load32(ends + 4 * (size_t)i);
        if (end < before || end > last)
            return false;
        before = end;
    }
    return before == last;
}

const char *scree__vectors_tags_fault(const uint8_t *section, uint64_t bytes, uint32_t set_count)
{
    struct section s;
    if (bytes < SECTION_HEAD)
        return "too short";
    s.tags = scree__base_load32(section);
    s.sets = scree__base_load32(section + 4);
    s.text_bytes = scree__base_load32(section + 8);
    s.items = scree__base_load32(section + 12);
    if (SECTION_HEAD + 4 * ((uint64_t)s.tags + s.sets + s.items) + s.text_bytes != bytes)
        return "its counts and its size differ";
    if (s.sets != set_count || s.sets < 1)
        return "not as many sets as the superblock says";
    open_section(section, &s);
    if (!ascending(s.tag_ends, s.tags, s.text_bytes) || !ascending(s.set_ends, s.sets, s.items))
        return "its ends are not in order";
    if (scree__base_load32(s.set_ends) != 0)
        return "set 0 is not empty";
    for (uint32_t i = 0; i < s.items; i++) {
        if (scree__base_load32(s.item + 4 * (size_t)i) >= s.tags)
            return "a set names a tag that is not there";
    }
    return NULL;
}

bool scree__vectors_tags_find(const uint8_t *section, const char *tag, uint8_t *allowed)
{
    struct section s;
    size_t bytes = strlen(tag);
    uint32_t number = 0, begin = 0;
    open_section(section, &s);
    for (; number < s.tags; number++) {
        uint32_t end = scree__base_load32(s.tag_ends + 4 * (size_t)number);
        if (end - begin == bytes && memcmp(s.text + begin, tag, bytes) == 0)
            break;
        begin = end;
    }
    begin = 0;
    for (uint32_t set = 0; set < s.sets; set++) {
        uint32_t end = scree__base_load32(s.set_ends + 4 * (size_t)set);
        allowed[set] = 0;
        for (; begin < end; begin++)
            allowed[set] |= scree__base_load32(s.item + 4 * (size_t)begin) == number;
    }
    return number < s.tags;
}

size_t scree__vectors_tags_text(const uint8_t *section, uint32_t set, char *line, size_t capacity)
{
    struct section s;
    size_t used = 0;
    open_section(section, &s);
    uint32_t begin = set == 0 ? 0 : scree__base_load32(s.set_ends + 4 * (size_t)(set - 1));
    uint32_t end = scree__base_load32(s.set_ends + 4 * (size_t)set);
    for (uint32_t i = begin; i < end; i++) {
        uint32_t tag = scree__base_load32(s.item + 4 * (size_t)i);
        uint32_t from = tag == 0 ? 0 : scree__base_load32(s.tag_ends + 4 * (size_t)(tag - 1));
        uint32_t to = scree__base_load32(s.tag_ends + 4 * (size_t)tag);
        if (i > begin && used < capacity)
            line[used] = ',';
        used += i > begin;
        if (used < capacity && to - from <= capacity - used)
            memcpy(line + used, s.text + from, to - from);
        used += to - from;
    }
    return used;
}
