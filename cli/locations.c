/* locations.c - sources and sinks by what the command line names. */
#include "cli/locations.h"
#include "cli/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Real ones have a few KiB. */
#define PROFILE_FILE_BYTES ((size_t)1 << 20)

/* A variable of the environment that is set and not empty, or NULL. */
static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static const char *first_of(const char *a, const char *b)
{
    return a != NULL && a[0] != '\0' ? a : b != NULL && b[0] != '\0' ? b : NULL;
}

static bool is_yes(const char *text)
{
    return text != NULL && (strcasecmp(text, "yes") == 0 || strcasecmp(text, "true") == 0 ||
                            strcmp(text, "1") == 0);
}

void locations_begin(struct locations *locations, const struct common_options *common,
                     struct scree_context *context)
{
    memset(locations, 0, sizeof *locations);
    locations->common = common;
    scree_http_options_init(&locations->http);
    scree_s3_options_init(&locations->s3);
    scree_source_options_init(&locations->source);
    scree_sink_options_init(&locations->sink);
    locations->http.ca_file =
        first_of(first_of(common->ca_file, variable("AWS_CA_BUNDLE")),
                 first_of(variable("CURL_CA_BUNDLE"), variable("SSL_CERT_FILE")));
    locations->http.no_proxy = first_of(variable("no_proxy"), variable("NO_PROXY"));
    locations->source.context = locations->sink.context = context;
    locations->source.http = locations->sink.http = &locations->http;
    locations->source.s3 = locations->sink.s3 = &locations->s3;
    locations->sink.replace = common->force > 0;
}

/* As a compiler cannot leave out: the secrets do not outlive the run. */
void locations_end(struct locations *locations)
{
    volatile char *bytes = (volatile char *)&locations->profile;
    for (size_t i = 0; i < sizeof locations->profile; i++)
        bytes[i] = 0;
}

/* ------------------------------------------------------------------------------------- profiles */

static enum scree_status parse_file(struct locations *locations, FILE *file, const char *path,
                                    const char *name, struct scree_error *err)
{
    char *text = malloc(PROFILE_FILE_BYTES);
    enum scree_status status = SCREE_E_MEMORY;
    if (text != NULL) {
        size_t bytes = fread(text, 1, PROFILE_FILE_BYTES, file);
        status = scree_s3_profile_parse(text, bytes, name, path, &locations->profile, err);
        memset(text, 0, bytes);
    }
    free(text);
    return status;
}

/* A file that is not there says nothing. */
static enum scree_status read_profile(struct locations *locations, const char *from_variable,
                                      const char *in_home, const char *name,
                                      struct scree_error *err)
{
    char path[4096];
    const char *home = variable("HOME");
    if (variable(from_variable) != NULL)
        snprintf(path, sizeof path, "%s", variable(from_variable));
    else if (home != NULL)
        snprintf(path, sizeof path, "%s/.aws/%s", home, in_home);
    else
        return SCREE_OK;
    FILE *file = fopen(path, "re");
    if (file == NULL && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return SCREE_OK;
    if (file == NULL) {
        snprintf(err->message, sizeof err->message, "%.800s: %s", path, strerror(errno));
        return err->status = SCREE_E_IO;
    }
    enum scree_status status = parse_file(locations, file, path, name, err);
    (void)fclose(file);
    return status;
}

static enum scree_status read_profiles(struct locations *locations, struct scree_error *err)
{
    const char *name = variable("AWS_PROFILE");
    bool asked = name != NULL;
    name = asked ? name : "default";
    enum scree_status status =
        read_profile(locations, "AWS_SHARED_CREDENTIALS_FILE", "credentials", name, err);
    if (status == SCREE_OK)
        status = read_profile(locations, "AWS_CONFIG_FILE", "config", name, err);
    if (status != SCREE_OK || locations->profile.found || !asked)
        return status;
    snprintf(err->message, sizeof err->message,
             "AWS_PROFILE: there is no profile '%.200s' in the AWS configuration", name);
    return err->status = SCREE_E_ARGUMENT;
}

static void choose_keys(struct locations *locations)
{
    struct scree_s3_options *s3 = &locations->s3;
    s3->access_key_id = variable("AWS_ACCESS_KEY_ID");
    if (s3->access_key_id != NULL) { /* those of the environment belong together */
        s3->secret_access_key = variable("AWS_SECRET_ACCESS_KEY");
        s3->session_token = variable("AWS_SESSION_TOKEN");
        return;
    }
    s3->access_key_id = locations->profile.access_key_id;
    s3->secret_access_key = locations->profile.secret_access_key;
    s3->session_token = first_of(locations->profile.session_token, NULL);
}

static enum scree_status find_s3(struct locations *locations, struct scree_error *err)
{
    const struct common_options *common = locations->common;
    struct scree_s3_options *s3 = &locations->s3;
    enum scree_status status = read_profiles(locations, err);
    if (status != SCREE_OK)
        return status;
    choose_keys(locations);
    s3->endpoint = first_of(first_of(common->s3_endpoint, variable("AWS_ENDPOINT_URL_S3")),
                            first_of(variable("AWS_ENDPOINT_URL"), locations->profile.endpoint));
    s3->region = first_of(first_of(common->s3_region, variable("AWS_REGION")),
                          first_of(variable("AWS_DEFAULT_REGION"), locations->profile.region));
    s3->anonymous = common->s3_anonymous > 0 || is_yes(variable("AWS_NO_SIGN_REQUEST"));
    s3->style = (enum scree_s3_style)common->s3_style;
    locations->s3_known = true;
    return SCREE_OK;
}

enum scree_status locations_prepare(struct locations *locations, const char *location,
                                    struct scree_error *err)
{
    bool is_s3 = strncasecmp(location, "s3://", 5) == 0;
    enum scree_status status = SCREE_OK;
    if (!scree_location_is_remote(location))
        return SCREE_OK;
    if (is_s3 && !locations->s3_known)
        status = find_s3(locations, err);
    const char *url = is_s3 ? locations->s3.endpoint : location;
    bool plain = url != NULL && strncasecmp(url, "http://", 7) == 0;
    /* HTTP_PROXY in capitals is what a web server sets from a request's "Proxy:" header. */
    locations->http.proxy =
        plain ? variable("http_proxy") : first_of(variable("https_proxy"), variable("HTTPS_PROXY"));
    locations->http.proxy =
        first_of(locations->http.proxy, first_of(variable("all_proxy"), variable("ALL_PROXY")));
    return status;
}

const char *locations_scratch(const char *output, const char *wanted)
{
    const char *folder = getenv("TMPDIR");
    if (wanted != NULL || !scree_location_is_remote(output))
        return wanted;
    return folder != NULL && folder[0] != '\0' ? folder : "/tmp";
}

enum scree_status locations_open(struct locations *locations, const char *location,
                                 struct scree_source **source, struct scree_error *err)
{
    *source = NULL;
    enum scree_status status = locations_prepare(locations, location, err);
    if (status == SCREE_OK)
        status = scree_source_open(location, &locations->source, source, err);
    return status;
}

struct shown_location locations_shown(const char *location)
{
    struct shown_location shown;
    bool url = scree_location_is_remote(location) && strncasecmp(location, "s3://", 5) != 0;
    const char *host = url ? strstr(location, "://") + 3 : location;
    size_t host_bytes = url ? strcspn(host, "/?#") : 0;
    const char *rest = host;
    for (size_t i = 0; i < host_bytes; i++) {
        if (host[i] == '@')
            rest = host + i + 1;
    }
    snprintf(shown.text, sizeof shown.text, "%.*s%.*s", (int)(host - location), location,
             url ? (int)strcspn(rest, "?#") : (int)strlen(rest), rest);
    return shown;
}

void locations_say_statistics(const struct locations *locations, const struct scree_source *source)
{
    struct scree_source_statistics statistics;
    if (source == NULL || locations->common->verbose == 0)
        return;
    scree_source_statistics(source, &statistics);
    if (statistics.request_count == 0)
        return;
    (void)fflush(stdout);
    fputs("scree: ", stderr);
    put_clean(stderr, scree_source_name(source));
    fprintf(
        stderr,
        ": %s request%s (%s again after a failure), %s received, %s of %s blocks from the cache\n",
        count_text(statistics.request_count).text, plural(statistics.request_count),
        count_text(statistics.retry_count).text, size_text(statistics.received_bytes).text,
        count_text(statistics.cache_hit_count).text,
        count_text(statistics.cache_hit_count + statistics.cache_miss_count).text);
}
