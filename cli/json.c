/* json.c - documents for machines. */
#include "cli/json.h"
#include "cli/status.h"
#include "cli/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *need(cJSON *item)
{
    if (item == NULL)
        status_out_of_memory();
    return item;
}

static cJSON *add(cJSON *to, const char *name, cJSON *item)
{
    need(item);
    if (!(name != NULL ? cJSON_AddItemToObject(to, name, item) : cJSON_AddItemToArray(to, item)))
        status_out_of_memory();
    return item;
}

cJSON *json_document(const char *command)
{
    cJSON *document = need(cJSON_CreateObject());
    json_u64(document, "schema", 1);
    json_text(document, "command", command);
    return document;
}

cJSON *json_object(cJSON *to, const char *name)
{
    return add(to, name, cJSON_CreateObject());
}

cJSON *json_array(cJSON *to, const char *name)
{
    return add(to, name, cJSON_CreateArray());
}

void json_text(cJSON *to, const char *name, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *clean = malloc(4 * strlen(text) + 1);
    if (clean == NULL)
        status_out_of_memory();
    size_t used = 0;
    while (*text != '\0') {
        unsigned bytes = utf8_sequence(text);
        if (bytes > 0) {
            memcpy(clean + used, text, bytes);
            used += bytes;
            text += bytes;
            continue;
        }
        unsigned char wrong = (unsigned char)*text++;
        clean[used++] = '\\';
        clean[used++] = 'x';
        clean[used++] = digits[wrong >> 4];
        clean[used++] = digits[wrong & 15];
    }
    clean[used] = '\0';
    add(to, name, cJSON_CreateString(clean));
    free(clean);
}

void json_raw(cJSON *to, const char *name, const char *text)
{
    add(to, name, cJSON_CreateRaw(text));
}

void json_u64(cJSON *to, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    json_raw(to, name, digits);
}

void json_double(cJSON *to, const char *name, double value)
{
    if (isfinite(value))
        json_raw(to, name, number_text(value).text);
    else
        add(to, name, cJSON_CreateNull());
}

void json_bool(cJSON *to, const char *name, bool value)
{
    add(to, name, cJSON_CreateBool(value));
}

void json_doubles(cJSON *to, const char *name, const double *values, unsigned count)
{
    cJSON *array = json_array(to, name);
    for (unsigned i = 0; i < count; i++)
        json_double(array, NULL, values[i]);
}

void json_adopt(cJSON *to, const char *name, cJSON *item)
{
    add(to, name, item);
}

void json_print(cJSON *document)
{
    char *text = cJSON_Print(document);
    cJSON_Delete(document);
    if (text == NULL)
        status_out_of_memory();
    fputs(text, stdout);
    fputc('\n', stdout);
    cJSON_free(text);
}
