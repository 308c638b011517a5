/* error.c - status names and error messages. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef scree__base_fail
#undef scree__base_fail_errno

const char *scree_status_name(enum scree_status status)
{
    switch (status) {
    case SCREE_OK:
        return "ok";
    case SCREE_E_ARGUMENT:
        return "invalid argument";
    case SCREE_E_MEMORY:
        return "out of memory";
    case SCREE_E_BUDGET:
        return "memory budget too small";
    case SCREE_E_IO:
        return "input/output error";
    case SCREE_E_DATA:
        return "damaged data";
    case SCREE_E_UNSUPPORTED:
        return "not supported";
    case SCREE_E_EXISTS:
        return "output exists";
    case SCREE_E_CANCELLED:
        return "cancelled";
    case SCREE_E_MISMATCH:
        return "inputs do not match";
    }
    return "unknown status";
}

enum scree_status scree__base_fail(struct scree_error *err, enum scree_status status,
                                   const char *format, ...)
{
    if (err == NULL || err->status != SCREE_OK)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    err->status = status;
    return status;
}

enum scree_status scree__base_fail_errno(struct scree_error *err, enum scree_status status,
                                         int errno_value, const char *format, ...)
{
    if (err == NULL || err->status != SCREE_OK)
        return status;
    va_list args;
    va_start(args, format);
    int used = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof err->message)
        snprintf(err->message + used, sizeof err->message - (size_t)used, ": %s",
                 strerror(errno_value));
    err->status = status;
    return status;
}

void scree__base_error_prefix(struct scree_error *err, const char *format, ...)
{
    if (err == NULL || err->status == SCREE_OK)
        return;
    char text[sizeof err->message];
    va_list args;
    va_start(args, format);
    int used = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (used < 0 || (size_t)used >= sizeof text)
        return;
    /* Long messages lose their end, never their place. */
    size_t room = sizeof text - (size_t)used;
    size_t rest = strlen(err->message);
    if (room < 4)
        return;
    if (rest > room - 3)
        rest = room - 3;
    memcpy(text + used, ": ", 2);
    memcpy(text + used + 2, err->message, rest);
    text[(size_t)used + 2 + rest] = '\0';
    memcpy(err->message, text, sizeof text);
}
