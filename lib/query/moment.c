/* moment.c - times: numbers and ISO 8601. */
#include "query/words.h"
#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Days since 1970-01-01 on whose first second one leap second more counts (IERS Bulletin C), and so many since 1980. */
static const int32_t leap_days[] = {4199, 4564, 4929,  5660,  6574,  7305,  7670,  8217,  8582,
                                    8947, 9496, 10043, 10592, 13149, 14245, 15522, 16617, 17167};
static const int32_t gps_epoch_day = 3657; /* 1980-01-06 */

/* Of the proleptic Gregorian calendar. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t month_length(int64_t year, int64_t month)
{
    static const int8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : lengths[month - 1];
}

static bool digits(const char **at, int count, int64_t *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        *value = *value * 10 + (c - '0');
    }
    *at += count;
    return true;
}

/* A sign between two parts: there in all places of the extended form, in none of the basic one. */
static bool between(const char **at, char sign, bool extended)
{
    if (!extended)
        return true;
    return *(*at)++ == sign;
}

static bool read_zone(const char **at, int64_t *seconds)
{
    int64_t hours, minutes = 0;
    *seconds = 0;
    if (**at == 'Z' || **at == 'z') {
        ++*at;
        return true;
    }
    if (**at != '+' && **at != '-')
        return true;
    bool west = *(*at)++ == '-';
    if (!digits(at, 2, &hours) || hours > 14)
        return false;
    if (**at == ':')
        ++*at;
    if (**at >= '0' && **at <= '9' && (!digits(at, 2, &minutes) || minutes > 59))
        return false;
    *seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

struct clock_time {
    int64_t hour, minute, second;
    double fraction;
    int64_t zone_seconds;
};

static bool read_clock(const char **at, struct clock_time *clock)
{
    if (!digits(at, 2, &clock->hour))
        return false;
    bool extended = **at == ':';
    if (!between(at, ':', extended) || !digits(at, 2, &clock->minute))
        return false;
    if (extended ? **at == ':' : (**at >= '0' && **at <= '9')) {
        if (!between(at, ':', extended) || !digits(at, 2, &clock->second))
            return false;
        if (**at == '.') {
            char copy[32] = "0.";
            size_t n = strspn(++*at, "0123456789");
            if (n == 0 || n > sizeof copy - 3)
                return false;
            memcpy(copy + 2, *at, n);
            clock->fraction = strtod(copy, NULL);
            *at += n;
        }
    }
    return read_zone(at, &clock->zone_seconds);
}

/* Leap seconds between 1980 and a day. */
static int64_t leaps_until(int64_t day)
{
    int64_t count = 0;
    for (size_t i = 0; i < sizeof leap_days / sizeof *leap_days; i++)
        count += day >= leap_days[i];
    return count;
}

static bool read_date(const char *at, const char *end, double *adjusted)
{
    int64_t year, month, day;
    struct clock_time clock = {0};
    if (!digits(&at, 4, &year))
        return false;
    bool extended = *at == '-';
    if (!between(&at, '-', extended) || !digits(&at, 2, &month) || month < 1 || month > 12 ||
        !between(&at, '-', extended) || !digits(&at, 2, &day) || day < 1 ||
        day > month_length(year, month))
        return false;
    if (at < end && (*at == 'T' || *at == 't' || *at == ' ')) {
        at++;
        if (!read_clock(&at, &clock))
            return false;
    }
    if (at != end || clock.hour > 23 || clock.minute > 59 || clock.second > 60)
        return false;
    /* UTC is found without the seconds, so that 23:59:60 stays in its minute. */
    int64_t minute_begin = days_of_date(year, month, day) * 86400 + clock.hour * 3600 +
                           clock.minute * 60 - clock.zone_seconds;
    int64_t utc_day = minute_begin / 86400 - (minute_begin % 86400 < 0);
    if (clock.second == 60 && (minute_begin - utc_day * 86400 != 86340 ||
                               leaps_until(utc_day + 1) == leaps_until(utc_day)))
        return false;
    int64_t gps = minute_begin + clock.second - (int64_t)gps_epoch_day * 86400 +
                  leaps_until(utc_day) - 1000000000;
    *adjusted = (double)gps + clock.fraction;
    return true;
}

static bool read_moment(const char *at, size_t length, double *moment, bool *is_date)
{
    char copy[64], *end;
    if (length == 0 || length >= sizeof copy)
        return false;
    memcpy(copy, at, length);
    copy[length] = '\0';
    *is_date = length >= 8 && (strchr(copy, 'T') != NULL || strchr(copy, 't') != NULL ||
                               (copy[4] == '-' && copy[7] == '-'));
    if (*is_date)
        return read_date(copy, copy + length, moment);
    if (strspn(copy, "+-.0123456789eE") != length)
        return false;
    *moment = strtod(copy, &end);
    return end == copy + length && isfinite(*moment);
}

enum scree_status scree__query_window_parse(const char *text, struct scree__query_window *window,
                                            struct scree_error *err)
{
    static const char expected[] = "two times with a comma between, numbers or both like "
                                   "2024-06-11T08:30:00Z";
    bool second_is_date;
    size_t length = strcspn(text, ",");
    if (!read_moment(text, length, &window->begin, &window->is_date))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "time: column 1: expected %s, found '%.40s'",
                                expected, text);
    const char *second = text[length] == ',' ? text + length + 1 : text + length;
    if (!read_moment(second, strlen(second), &window->end, &second_is_date) ||
        second_is_date != window->is_date)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "time: column %zu: expected %s, found '%.40s'",
                                (size_t)(second - text) + 1, expected, second);
    if (!(window->begin <= window->end))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "time: '%.60s' ends before it begins", text);
    return SCREE_OK;
}
