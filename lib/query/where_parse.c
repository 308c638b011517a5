/* where_parse.c - from text to steps: by recursive descent, as deep as SCREE__QUERY_WHERE_DEPTH_MAX. */
#include "query/where.h"
#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_NAME,
    TOKEN_COMPARE,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_IN,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA
};

struct token {
    enum token_kind kind;
    size_t at, length; /* in the text */
    double number;
    enum scree__query_code code; /* of a comparison */
    char name[SCREE__QUERY_NAME_BYTES];
};

struct parser {
    const char *text;
    size_t at;
    struct token token; /* the one to be looked at next */
    struct scree__query_where *where;
    uint32_t nesting, stack;
    struct scree_error *err;
};

static enum scree_status refuse(const struct parser *parser, const struct token *token,
                                const char *expected)
{
    if (token->kind == TOKEN_END)
        return scree__base_fail(parser->err, SCREE_E_ARGUMENT,
                                "where: column %zu: expected %s, found the end", token->at + 1,
                                expected);
    return scree__base_fail(parser->err, SCREE_E_ARGUMENT,
                            "where: column %zu: expected %s, found '%.*s'", token->at + 1, expected,
                            (int)(token->length < 40 ? token->length : 40),
                            parser->text + token->at);
}

/* --------------------------------------------------------------------------------------- tokens */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool word_is(const char *word, const char *what)
{
    for (; *what != '\0'; word++, what++)
        if ((*word | 0x20) != *what)
            return false;
    return *word == '\0';
}

static enum scree_status number_token(struct parser *parser, struct token *token)
{
    const char *p = parser->text + token->at;
    size_t n = 0;
    char copy[64];
    if (p[n] == '-' || p[n] == '+')
        n++;
    while (is_digit(p[n]) || p[n] == '.')
        n++;
    if ((p[n] == 'e' || p[n] == 'E') &&
        (is_digit(p[n + 1]) || ((p[n + 1] == '-' || p[n + 1] == '+') && is_digit(p[n + 2]))))
        for (n += 2; is_digit(p[n]);)
            n++;
    token->length = n;
    token->kind = TOKEN_NUMBER;
    if (n >= sizeof copy)
        return refuse(parser, token, "a shorter number");
    memcpy(copy, p, n);
    copy[n] = '\0';
    char *end;
    token->number = strtod(copy, &end);
    if (end != copy + n || !isfinite(token->number) || is_letter(p[n]))
        return refuse(parser, token, "a number");
    parser->at = token->at + n;
    return SCREE_OK;
}

static enum scree_status quoted_token(struct parser *parser, struct token *token)
{
    const char *p = parser->text + token->at;
    size_t n = 1;
    while (p[n] != p[0] && p[n] != '\0')
        n++;
    token->length = n + (p[n] != '\0');
    token->kind = TOKEN_NAME;
    if (p[n] == '\0' || n == 1 || n - 1 >= sizeof token->name)
        return refuse(parser, token, "a name of up to 63 bytes and its closing quote");
    memcpy(token->name, p + 1, n - 1);
    token->name[n - 1] = '\0';
    parser->at = token->at + n + 1;
    return SCREE_OK;
}

static enum scree_status word_token(struct parser *parser, struct token *token)
{
    const char *p = parser->text + token->at;
    size_t n = 0;
    while (is_letter(p[n]) || is_digit(p[n]))
        n++;
    if (p[n] == '[' && is_digit(p[n + 1]) && p[n + 2] == ']')
        n += 3; /* an element of an array */
    token->length = n;
    token->kind = TOKEN_NAME;
    if (n >= sizeof token->name)
        return refuse(parser, token, "a name of up to 63 bytes");
    memcpy(token->name, p, n);
    token->name[n] = '\0';
    if (word_is(token->name, "and"))
        token->kind = TOKEN_AND;
    else if (word_is(token->name, "or"))
        token->kind = TOKEN_OR;
    else if (word_is(token->name, "not"))
        token->kind = TOKEN_NOT;
    else if (word_is(token->name, "in"))
        token->kind = TOKEN_IN;
    parser->at = token->at + n;
    return SCREE_OK;
}

struct sign {
    const char *text;
    enum token_kind kind;
    enum scree__query_code code;
};

/* Longer ones first. */
static const struct sign signs[] = {
    {"==", TOKEN_COMPARE, SCREE__QUERY_EQ}, {"!=", TOKEN_COMPARE, SCREE__QUERY_NE},
    {"<=", TOKEN_COMPARE, SCREE__QUERY_LE}, {">=", TOKEN_COMPARE, SCREE__QUERY_GE},
    {"<>", TOKEN_COMPARE, SCREE__QUERY_NE}, {"&&", TOKEN_AND, SCREE__QUERY_AND},
    {"||", TOKEN_OR, SCREE__QUERY_OR},      {"<", TOKEN_COMPARE, SCREE__QUERY_LT},
    {">", TOKEN_COMPARE, SCREE__QUERY_GT},  {"=", TOKEN_COMPARE, SCREE__QUERY_EQ},
    {"!", TOKEN_NOT, SCREE__QUERY_NOT},     {"(", TOKEN_OPEN, SCREE__QUERY_EQ},
    {")", TOKEN_CLOSE, SCREE__QUERY_EQ},    {",", TOKEN_COMMA, SCREE__QUERY_EQ},
};

static enum scree_status sign_token(struct parser *parser, struct token *token)
{
    const char *p = parser->text + token->at;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t n = strlen(signs[i].text);
        if (strncmp(p, signs[i].text, n) != 0)
            continue;
        token->kind = signs[i].kind;
        token->code = signs[i].code;
        token->length = n;
        parser->at = token->at + n;
        return SCREE_OK;
    }
    token->kind = TOKEN_COMMA; /* anything but the end */
    token->length = 1;
    return refuse(parser, token, "a field, a number or an operator");
}

static enum scree_status advance(struct parser *parser)
{
    struct token *token = &parser->token;
    const char *text = parser->text;
    while (text[parser->at] == ' ' || text[parser->at] == '\t' || text[parser->at] == '\n' ||
           text[parser->at] == '\r')
        parser->at++;
    memset(token, 0, sizeof *token);
    token->at = parser->at;
    char c = text[parser->at], next = c != '\0' ? text[parser->at + 1] : '\0';
    if (c == '\0')
        return SCREE_OK;
    if (is_letter(c))
        return word_token(parser, token);
    if (c == '"' || c == '`')
        return quoted_token(parser, token);
    if (is_digit(c) || c == '.' || ((c == '-' || c == '+') && (is_digit(next) || next == '.')))
        return number_token(parser, token);
    return sign_token(parser, token);
}

/* ---------------------------------------------------------------------------------------- steps */

static enum scree_status add_step(struct parser *parser, struct scree__query_step step)
{
    struct scree__query_where *where = parser->where;
    void *memory = where->steps;
    enum scree_status status =
        scree__mem_grow(NULL, &memory, &where->step_capacity, where->step_count + 1,
                        sizeof *where->steps, "where", parser->err);
    where->steps = memory;
    if (status != SCREE_OK)
        return status;
    where->steps[where->step_count++] = step;
    if (step.code <= SCREE__QUERY_IN)
        parser->stack++;
    else if (step.code != SCREE__QUERY_NOT)
        parser->stack--;
    if (parser->stack > where->depth)
        where->depth = parser->stack;
    return SCREE_OK;
}

static enum scree_status add_number(struct parser *parser, double number,
                                    struct scree__query_value *value)
{
    struct scree__query_where *where = parser->where;
    void *memory = where->values;
    enum scree_status status =
        scree__mem_grow(NULL, &memory, &where->value_capacity, where->value_count + 1,
                        sizeof *where->values, "where", parser->err);
    where->values = memory;
    if (status != SCREE_OK)
        return status;
    *value = (struct scree__query_value){true, (uint32_t)where->value_count};
    where->values[where->value_count++] = number;
    return SCREE_OK;
}

static enum scree_status add_field(struct parser *parser, const struct token *token,
                                   struct scree__query_value *value)
{
    struct scree__query_where *where = parser->where;
    uint32_t index = 0;
    while (index < where->field_count && strcmp(where->fields[index].name, token->name) != 0)
        index++;
    if (index == SCREE__QUERY_WHERE_FIELDS_MAX)
        return refuse(parser, token, "no more than 64 different fields");
    if (index == where->field_count) {
        memcpy(where->fields[index].name, token->name, sizeof token->name);
        where->fields[index].column = (uint32_t)token->at + 1;
        where->field_count++;
    }
    *value = (struct scree__query_value){false, index};
    return SCREE_OK;
}

/* ------------------------------------------------------------------------------------- grammar */

static enum scree_status parse_value(struct parser *parser, struct scree__query_value *value)
{
    const struct token token = parser->token;
    enum scree_status status;
    if (token.kind == TOKEN_NUMBER)
        status = add_number(parser, token.number, value);
    else if (token.kind == TOKEN_NAME)
        status = add_field(parser, &token, value);
    else
        return refuse(parser, &token, "a field or a number");
    return status == SCREE_OK ? advance(parser) : status;
}

/* After "in". */
static enum scree_status parse_list(struct parser *parser, struct scree__query_step *step)
{
    enum scree_status status = SCREE_OK;
    if (parser->token.kind != TOKEN_OPEN)
        return refuse(parser, &parser->token, "'(' and numbers");
    step->code = SCREE__QUERY_IN;
    step->count = 0;
    do {
        struct scree__query_value value = {0};
        status = advance(parser);
        if (status == SCREE_OK && parser->token.kind != TOKEN_NUMBER)
            return refuse(parser, &parser->token, "a number");
        if (status == SCREE_OK)
            status = add_number(parser, parser->token.number, &value);
        if (status == SCREE_OK && step->count++ == 0)
            step->right = value;
        if (status == SCREE_OK)
            status = advance(parser);
    } while (status == SCREE_OK && parser->token.kind == TOKEN_COMMA);
    if (status == SCREE_OK && parser->token.kind != TOKEN_CLOSE)
        return refuse(parser, &parser->token, "',' or ')'");
    return status == SCREE_OK ? advance(parser) : status;
}

static enum scree_status parse_comparison(struct parser *parser)
{
    struct scree__query_step step = {.code = SCREE__QUERY_NE};
    bool negated = false;
    enum scree_status status = parse_value(parser, &step.left);
    if (status != SCREE_OK)
        return status;
    if (parser->token.kind == TOKEN_NOT) {
        negated = true;
        status = advance(parser);
        if (status == SCREE_OK && parser->token.kind != TOKEN_IN)
            return refuse(parser, &parser->token, "'in'");
    }
    if (status != SCREE_OK)
        return status;
    if (parser->token.kind == TOKEN_IN) {
        status = advance(parser);
        if (status == SCREE_OK)
            status = parse_list(parser, &step);
    } else if (parser->token.kind == TOKEN_COMPARE) {
        step.code = parser->token.code;
        status = advance(parser);
        if (status == SCREE_OK)
            status = parse_value(parser, &step.right);
    } else if (step.left.is_number) {
        return refuse(parser, &parser->token, "a comparison of the number");
    } else {
        status = add_number(parser, 0, &step.right);
    }
    if (status == SCREE_OK && parser->token.kind == TOKEN_COMPARE)
        return refuse(parser, &parser->token, "'&&' between two comparisons");
    if (status == SCREE_OK)
        status = add_step(parser, step);
    if (status == SCREE_OK && negated)
        status = add_step(parser, (struct scree__query_step){.code = SCREE__QUERY_NOT});
    return status;
}

static enum scree_status parse_condition(struct parser *parser);

static enum scree_status parse_factor(struct parser *parser)
{
    if (parser->token.kind != TOKEN_NOT && parser->token.kind != TOKEN_OPEN)
        return parse_comparison(parser);
    if (++parser->nesting > SCREE__QUERY_WHERE_DEPTH_MAX)
        return refuse(parser, &parser->token, "no more than 64 '(' and '!' within each other");
    bool is_not = parser->token.kind == TOKEN_NOT;
    enum scree_status status = advance(parser);
    if (status == SCREE_OK)
        status = is_not ? parse_factor(parser) : parse_condition(parser);
    if (status != SCREE_OK)
        return status;
    parser->nesting--;
    if (is_not)
        return add_step(parser, (struct scree__query_step){.code = SCREE__QUERY_NOT});
    if (parser->token.kind != TOKEN_CLOSE)
        return refuse(parser, &parser->token, "')'");
    return advance(parser);
}

static enum scree_status parse_chain(struct parser *parser, enum token_kind between,
                                     enum scree__query_code code,
                                     enum scree_status (*part)(struct parser *))
{
    enum scree_status status = part(parser);
    while (status == SCREE_OK && parser->token.kind == between) {
        status = advance(parser);
        if (status == SCREE_OK)
            status = part(parser);
        if (status == SCREE_OK)
            status = add_step(parser, (struct scree__query_step){.code = code});
    }
    return status;
}

static enum scree_status parse_term(struct parser *parser)
{
    return parse_chain(parser, TOKEN_AND, SCREE__QUERY_AND, parse_factor);
}

static enum scree_status parse_condition(struct parser *parser)
{
    return parse_chain(parser, TOKEN_OR, SCREE__QUERY_OR, parse_term);
}

enum scree_status scree__query_where_parse(const char *text, struct scree__query_where *where,
                                           struct scree_error *err)
{
    struct parser parser = {.text = text, .where = where, .err = err};
    memset(where, 0, sizeof *where);
    if (strlen(text) > SCREE__QUERY_WHERE_BYTES_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "where: longer than %d bytes",
                                SCREE__QUERY_WHERE_BYTES_MAX);
    enum scree_status status = advance(&parser);
    if (status == SCREE_OK)
        status = parse_condition(&parser);
    if (status == SCREE_OK && parser.token.kind != TOKEN_END)
        status = refuse(&parser, &parser.token, "'&&', '||' or the end");
    return status;
}

void scree__query_where_release(struct scree__query_where *where)
{
    scree__mem_free(NULL, where->steps, where->step_capacity * sizeof *where->steps);
    scree__mem_free(NULL, where->values, where->value_capacity * sizeof *where->values);
    memset(where, 0, sizeof *where);
}

enum scree_status scree__query_where_bind(const struct scree__query_where *where,
                                          const struct scree__query_columns *columns,
                                          const char *file, struct scree__query_column *bound,
                                          struct scree_error *err)
{
    for (uint32_t i = 0; i < where->field_count; i++) {
        const struct scree__query_field *field = &where->fields[i];
        const struct scree__query_column *column = scree__query_columns_find(columns, field->name);
        if (column == NULL) {
            char names[600];
            scree__query_columns_list(columns, names, sizeof names);
            return scree__base_fail(err, SCREE_E_MISMATCH,
                                    "where: column %u: %s has no field '%s', but %s", field->column,
                                    file, field->name, names);
        }
        bound[i] = *column;
    }
    return SCREE_OK;
}
