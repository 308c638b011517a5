/* net_judge.c - what transport and status say of a request, in words. */
#include "base/error.h"
#include "io/net_http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool scree__net_xml_text(const char *text, const char *tag, char *out, size_t out_bytes)
{
    char open[64];
    snprintf(open, sizeof open, "<%s>", tag);
    const char *begin = strstr(text, open);
    if (begin == NULL)
        return false;
    begin += strlen(open);
    size_t bytes = strcspn(begin, "<");
    if (begin[bytes] == '\0' || bytes >= out_bytes)
        return false;
    memcpy(out, begin, bytes);
    out[bytes] = '\0';
    return true;
}

/* -------------------------------------------------------------------------------------- statuses */

static const char *status_words(int status)
{
    switch (status) {
    case 400:
        return "bad request";
    case 401:
        return "not authorized: it needs a user and password";
    case 403:
        return "no access";
    case 404:
        return "not found";
    case 405:
        return "method not allowed";
    case 408:
        return "request timeout";
    case 409:
        return "conflict";
    case 410:
        return "gone";
    case 412:
        return "precondition failed";
    case 416:
        return "range not satisfiable";
    case 429:
        return "too many requests";
    case 500:
        return "internal server error";
    case 501:
        return "not implemented";
    case 502:
        return "bad gateway";
    case 503:
        return "service unavailable";
    case 504:
        return "gateway timeout";
    default:
        return status < 400 ? "a redirect that is not followed" : "refused";
    }
}

/* What a store's error codes mean for the user; "" where the store's own words do. */
static void explain(const struct scree__net_request *request, const char *code, char *out,
                    size_t out_bytes)
{
    const struct scree__io_response *response = &request->response;
    char region[64] = "";
    out[0] = '\0';
    if (strcmp(code, "RequestTimeTooSkewed") == 0) {
        long long off =
            response->date_s >= 0 ? (long long)time(NULL) - (long long)response->date_s : 0;
        snprintf(out, out_bytes,
                 "; this machine's clock is %lld s %s the server's: signatures need them within "
                 "15 minutes",
                 off < 0 ? -off : off, off < 0 ? "behind" : "ahead of");
    } else if (strcmp(code, "SignatureDoesNotMatch") == 0) {
        snprintf(out, out_bytes, "; is the secret key right?");
    } else if (strcmp(code, "InvalidAccessKeyId") == 0) {
        snprintf(out, out_bytes, "; the store does not know this access key");
    } else if (strcmp(code, "ExpiredToken") == 0) {
        snprintf(out, out_bytes, "; the session token has run out: get new credentials");
    } else if (request->is_unsigned && (response->status == 401 || response->status == 403)) {
        snprintf(out, out_bytes, "; the request was not signed: no credentials were given");
    } else if (response->region[0] != '\0' ||
               scree__net_xml_text(request->text, "Region", region, sizeof region)) {
        if (response->status == 301 || response->status == 307 || response->status == 400)
            snprintf(out, out_bytes, "; the bucket is in the region %.63s",
                     region[0] != '\0' ? region : response->region);
    }
}

static enum scree__net_verdict judge_status(const struct scree__net_request *request,
                                            const char *name, const char *what,
                                            struct scree_error *err)
{
    int status = request->response.status;
    char code[64] = "", message[300] = "", more[200];
    (void)scree__net_xml_text(request->text, "Code", code, sizeof code);
    (void)scree__net_xml_text(request->text, "Message", message, sizeof message);
    explain(request, code, more, sizeof more);
    bool passing = status == 408 || status == 429 ||
                   (status >= 500 && status != 501 && status != 505) ||
                   strcmp(code, "RequestTimeout") == 0 || strcmp(code, "SlowDown") == 0;
    if (code[0] != '\0')
        scree__base_fail(err, SCREE_E_IO, "%s: %s: HTTP status %d, %s%s%s%s", name, what, status,
                         code, message[0] != '\0' ? ": " : "", message, more);
    else
        scree__base_fail(err, SCREE_E_IO, "%s: %s: HTTP status %d (%s)%s", name, what, status,
                         status_words(status), more);
    return passing ? SCREE__NET_RETRY : SCREE__NET_FAILED;
}

/* ------------------------------------------------------------------------------------- transport */

static bool may_pass(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_AGAIN:
        return true;
    default:
        return false;
    }
}

enum scree__net_verdict scree__net_judge(const struct scree__net_request *request, const char *name,
                                         const char *what, struct scree_error *err)
{
    CURLcode code = (CURLcode)request->curl_code;
    int status = request->response.status;
    if (status >= 300 && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
        return judge_status(request, name, what, err);
    if (request->stopped || (code == CURLE_OK && status >= 200 && status < 300))
        return SCREE__NET_DONE;
    if (request->stalled) {
        scree__base_fail(err, SCREE_E_IO, "%s: %s: timeout: nothing came for too long", name, what);
        return SCREE__NET_RETRY;
    }
    if (code == CURLE_OK) {
        scree__base_fail(err, SCREE_E_IO, "%s: %s: the answer has no status that makes sense (%d)",
                         name, what, status);
        return SCREE__NET_FAILED;
    }
    scree__base_fail(err, SCREE_E_IO, "%s: %s: %s%s%s", name, what, curl_easy_strerror(code),
                     request->problem[0] != '\0' ? ": " : "", request->problem);
    return may_pass(code) ? SCREE__NET_RETRY : SCREE__NET_FAILED;
}

/* ------------------------------------------------------------------------------------- redirects */

bool scree__net_is_redirect(const struct scree__net_request *request)
{
    int status = request->response.status;
    return request->response.location[0] != '\0' &&
           (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) &&
           (request->curl_code == CURLE_OK || request->curl_code == CURLE_WRITE_ERROR);
}

/* `to`, which may be relative, seen from `from`. */
static bool resolve(const char *from, const char *to, char *out, size_t out_bytes)
{
    char *text = NULL;
    CURLU *url = curl_url();
    bool done =
        url != NULL && curl_url_set(url, CURLUPART_URL, from, CURLU_PATH_AS_IS) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_URL, to, CURLU_PATH_AS_IS | CURLU_URLENCODE) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK && strlen(text) < out_bytes;
    if (done)
        memcpy(out, text, strlen(text) + 1);
    curl_free(text);
    curl_url_cleanup(url);
    return done;
}

enum scree_status scree__net_redirect(struct scree__net_request *request,
                                      const struct scree_http_options *options, const char *name,
                                      struct scree_error *err)
{
    char url[SCREE__NET_URL_BYTES];
    struct scree__io_url parsed;
    if (++request->redirects > options->redirects)
        return scree__base_fail(err, SCREE_E_IO, "%s: redirected more than %u times", name,
                                options->redirects);
    if (!resolve(request->url, request->response.location, url, sizeof url) ||
        !scree_location_is_remote(url) || scree__io_location_is_s3(url) ||
        scree__io_url_parse(url, &parsed, NULL) != SCREE_OK)
        return scree__base_fail(err, SCREE_E_IO,
                                "%s: redirected to what is not an http:// or https:// URL", name);
    if (!parsed.https && strncmp(request->url, "https://", 8) == 0)
        return scree__base_fail(err, SCREE_E_IO,
                                "%s: redirected from https to %s, which is not safe", name,
                                parsed.name);
    if (!scree__io_same_origin(request->url, parsed.url))
        explicit_bzero(request->user, sizeof request->user);
    memcpy(request->url, parsed.url, sizeof parsed.url);
    return SCREE_OK;
}
