/* fuzz_validate.c - any bytes as a COPC file: every check of `scree validate`, the hierarchy
 * included. */
#include "scree/copc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *user, const struct scree_finding *finding)
{
    (void)user;
    (void)finding;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scree_context *context;
    struct scree_source *source = NULL;
    struct scree_validate_options options;
    struct scree_validate_report report;

    if (!context) {
        struct scree_context_options context_options;
        scree_context_options_init(&context_options);
        context_options.memory_bytes = 256u << 20;
        context_options.threads = 1;
        if (scree_context_new(&context_options, &context, NULL) != SCREE_OK)
            return 0;
    }
    if (scree_source_open_memory(data, size, "fuzz", &source, NULL) != SCREE_OK)
        return 0;
    scree_validate_options_init(&options);
    options.finding = ignore;
    enum scree_status status = scree_validate(context, source, &options, &report, NULL);
    (void)status;
    scree_source_close(source);
    return 0;
}
