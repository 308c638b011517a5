/* spent.h - what a run took: time, threads, memory, scratch; as text and as JSON, the same for every command. */
#ifndef SCREE_CLI_SPENT_H
#define SCREE_CLI_SPENT_H

#include "cli/json.h"
#include "cli/session.h"

struct spent {
    uint64_t budget_bytes;
    unsigned threads;
    double seconds;
    uint64_t peak_budget_bytes, peak_resident_bytes; /* 0: not known */
};

/* So far. */
struct spent spent_of(const struct session *session);
/* Two lines to stderr. scratch_bytes 0: nothing is said of it. */
void spent_text(const struct spent *spent, uint64_t points, uint64_t scratch_bytes);

#endif
