/* tags.h - the different sets of tags of a column's rows: gathered from lines, and as a section of the file. */
#ifndef SCREE_LIB_VECTORS_TAGS_H
#define SCREE_LIB_VECTORS_TAGS_H

#include "scree/base.h"
#include "mem/budget.h"

#define SCREE__VECTORS_TAGS_MAX 65536u
#define SCREE__VECTORS_TAG_SETS_MAX 65536u
#define SCREE__VECTORS_TAGS_A_ROW 256u
#define SCREE__VECTORS_TAG_BYTES_MAX 255u

struct scree__vectors_tags {
    struct scree__mem_budget *budget;
    char *text; /* of all tags, one behind the other */
    uint64_t text_bytes, text_capacity;
    uint32_t *tag_ends, *set_ends, *items;
    uint64_t tag_count, set_count, item_count;
    uint64_t tag_capacity, set_capacity, item_capacity;
    uint32_t *tag_slots, *set_slots; /* hash tables: number + 1 */
};

/* With the empty set as number 0. */
SCREE_MUST_CHECK enum scree_status scree__vectors_tags_init(struct scree__vectors_tags *tags,
                                                            struct scree__mem_budget *budget,
                                                            struct scree_error *err);
void scree__vectors_tags_release(struct scree__vectors_tags *tags);
/* The number of the set that a line names: tags between commas, blanks around them left out. SCREE_E_DATA: too many or too long ones, control characters. */
SCREE_MUST_CHECK enum scree_status scree__vectors_tags_line(struct scree__vectors_tags *tags,
                                                            const char *line, size_t bytes,
                                                            uint32_t *set, struct scree_error *err);
/* As a section of the file: bytes, and filling them. */
uint64_t scree__vectors_tags_section_bytes(const struct scree__vectors_tags *tags);
void scree__vectors_tags_store(const struct scree__vectors_tags *tags, uint8_t *section);

/* What is wrong with a section; NULL: nothing, and what follows may be called. */
const char *scree__vectors_tags_fault(const uint8_t *section, uint64_t bytes, uint32_t set_count);
/* allowed[set_count]: which sets hold the tag. False: no such tag. */
bool scree__vectors_tags_find(const uint8_t *section, const char *tag, uint8_t *allowed);
/* The line of set `set`: its tags, commas between. Returns its length; what goes beyond `capacity` is not written. */
size_t scree__vectors_tags_text(const uint8_t *section, uint32_t set, char *line, size_t capacity);

#endif
