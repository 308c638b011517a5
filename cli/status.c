/* status.c - the one place that turns a status of the library into an exit code and a message. */
#include "cli/status.h"
#include "cli/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum exit_code status_exit_code(enum scree_status status)
{
    switch (status) {
    case SCREE_OK:
        return EXIT_CODE_DONE;
    case SCREE_E_ARGUMENT:
        return EXIT_CODE_USAGE;
    case SCREE_E_BUDGET:
        return EXIT_CODE_BUDGET;
    case SCREE_E_CANCELLED:
        return EXIT_CODE_INTERRUPTED;
    case SCREE_E_MEMORY:
    case SCREE_E_IO:
    case SCREE_E_DATA:
    case SCREE_E_UNSUPPORTED:
    case SCREE_E_EXISTS:
    case SCREE_E_MISMATCH:
        break;
    }
    return EXIT_CODE_FAILED;
}

enum exit_code status_report(enum scree_status status, const struct scree_error *err)
{
    (void)fflush(stdout);
    fputs("scree: ", stderr);
    if (status == SCREE_E_CANCELLED)
        fputs("interrupted", stderr);
    else
        put_clean(stderr, err->message[0] != '\0' ? err->message : scree_status_name(status));
    fputc('\n', stderr);
    if (status == SCREE_E_BUDGET && err->need_bytes > 0) {
        const unsigned long long mib = 1ull << 20, need = err->need_bytes;
        fprintf(stderr, "scree: needs at least %s: --memory %lluM\n", size_text(need).text,
                need / mib + (need % mib != 0));
    }
    return status_exit_code(status);
}

int status_close_stdout(int code)
{
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fclose(stdout) != 0)
        failed = true;
    if (!failed)
        return code;
    fprintf(stderr, "scree: standard output: cannot write%s%s\n", errno != 0 ? ": " : "",
            errno != 0 ? strerror(errno) : "");
    return code == EXIT_CODE_DONE ? EXIT_CODE_FAILED : code;
}

void status_out_of_memory(void)
{
    fputs("scree: out of memory\n", stderr);
    exit(EXIT_CODE_FAILED);
}
