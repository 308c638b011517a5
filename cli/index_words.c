/* index_words.c - words of scree index: columns and their settings. */
#include "cli/index.h"
#include "cli/numbers.h"

#include <string.h>

static const char *const metrics[] = {"l2", "cosine", "ip"};
static const char *const reranks[] = {"none", "fp32", "fp16", "sq8"};

const char *index_metric_word(enum scree_vectors_metric metric)
{
    return metrics[metric];
}

const char *index_rerank_word(enum scree_vectors_rerank rerank)
{
    return reranks[rerank];
}

void index_input(const char *word, unsigned format, uint64_t dim, struct scree_vectors_input *input)
{
    memset(input, 0, sizeof *input);
    if (strcmp(word, "-") != 0)
        input->location = word;
    input->format = (enum scree_vectors_format)format;
    input->dim = (uint32_t)dim;
}

static bool find_word(const char *text, size_t bytes, const char *const *words, unsigned count,
                      unsigned *index)
{
    for (*index = 0; *index < count; ++*index) {
        if (strlen(words[*index]) == bytes && memcmp(words[*index], text, bytes) == 0)
            return true;
    }
    return false;
}

enum setting { METRIC, BITS, RERANK, LISTS };
static const char *const setting_names[] = {"metric", "bits", "rerank", "lists"};

static bool apply(struct scree_vectors_column_options *column, enum setting setting,
                  const char *text, size_t bytes)
{
    unsigned index;
    uint64_t number;
    char digits[24] = "";
    memcpy(digits, text, bytes < sizeof digits ? bytes : sizeof digits - 1);
    switch (setting) {
    case METRIC:
        if (!find_word(text, bytes, metrics, 3, &index))
            return false;
        column->metric = (enum scree_vectors_metric)index;
        return true;
    case RERANK:
        if (!find_word(text, bytes, reranks, 4, &index))
            return false;
        column->rerank = (enum scree_vectors_rerank)index;
        return true;
    case BITS:
        if (!parse_integer(digits, &number) || number < 1 || number > SCREE_VECTORS_BITS_MAX)
            return false;
        column->bits = (uint32_t)number;
        return true;
    case LISTS:
        if (!parse_integer(digits, &number) || number < 1 || number > 1u << 24)
            return false;
        column->list_count = (uint32_t)number;
        return true;
    }
    return false;
}

static struct scree_vectors_column_options *
find_column(struct scree_vectors_column_options *columns, uint32_t count, const char *name,
            size_t bytes)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strlen(columns[i].name) == bytes && memcmp(columns[i].name, name, bytes) == 0)
            return &columns[i];
    }
    return NULL;
}

static bool apply_all(const struct command *command, enum setting setting, const char *text,
                      struct scree_vectors_column_options *columns, uint32_t count)
{
    static const char *const expected[] = {INDEX_METRICS, "1 to 8", INDEX_RERANKS, "1 to 16777216"};
    while (text != NULL) {
        size_t bytes = strcspn(text, ",");
        const char *equals = memchr(text, '=', bytes);
        bool good = true;
        if (equals == NULL) {
            for (uint32_t i = 0; i < count; i++)
                good = good && apply(&columns[i], setting, text, bytes);
        } else {
            struct scree_vectors_column_options *column =
                find_column(columns, count, text, (size_t)(equals - text));
            if (column == NULL) {
                options_misuse(command, "--%s: there is no column '%.*s'", setting_names[setting],
                               (int)(equals - text), text);
                return false;
            }
            good = apply(column, setting, equals + 1, bytes - (size_t)(equals + 1 - text));
        }
        if (!good) {
            options_misuse(command, "--%s %.*s: expected %s, for one column NAME=VALUE",
                           setting_names[setting], (int)bytes, text, expected[setting]);
            return false;
        }
        text = text[bytes] == ',' ? text + bytes + 1 : NULL;
    }
    return true;
}

/* NAME=FILE: what comes before the sign must not look like a path or a location. */
static const char *split_name(const char *word, char *name)
{
    size_t bytes = strcspn(word, "=/:?");
    if (word[bytes] != '=')
        return word;
    if (bytes > 64)
        return NULL;
    memcpy(name, word, bytes);
    name[bytes] = '\0';
    return word + bytes + 1;
}

bool index_columns(const struct command *command, char **words, uint32_t count, const char *metric,
                   const char *bits, const char *rerank, const char *lists,
                   struct scree_vectors_column_options *columns, char (*names)[65])
{
    for (uint32_t i = 0; i < count; i++) {
        strncpy(names[i], "vector", sizeof names[i]);
        const char *file = split_name(words[i], names[i]);
        if (file == NULL || file[0] == '\0') {
            options_misuse(command, "%s: expected FILE or NAME=FILE, a name of 1 to 64 bytes",
                           words[i]);
            return false;
        }
        memset(&columns[i], 0, sizeof columns[i]);
        columns[i].name = names[i];
        columns[i].bits = 1;
        columns[i].rerank = SCREE_VECTORS_RERANK_FP16;
        index_input(file, 0, 0, &columns[i].input);
    }
    return apply_all(command, METRIC, metric, columns, count) &&
           apply_all(command, BITS, bits, columns, count) &&
           apply_all(command, RERANK, rerank, columns, count) &&
           apply_all(command, LISTS, lists, columns, count);
}
