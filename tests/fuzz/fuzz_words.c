/* fuzz_words.c - any text as a window of time, a list of classes, a list of returns. */
#include "query/words.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scree__query_window window;
    bool classes[256], returns[16][16];
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (scree__query_window_parse(text, &window, NULL) == SCREE_OK && !(window.begin <= window.end))
        abort();
    (void)!scree__query_classes_parse(text, classes, NULL);
    (void)!scree__query_returns_parse(text, returns, NULL);
    free(text);
    return 0;
}
