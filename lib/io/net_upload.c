/* net_upload.c - the calls that make up a multipart upload to an S3 store. */
#include "io/net_upload.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- one call */

static enum scree_status prepare(void *arg, struct scree__net_request *request,
                                 struct scree_error *err)
{
    struct scree__net_call *call = arg;
    request->body = call->body;
    request->body_bytes = call->body_bytes;
    request->collect_text = true;
    request->fresh = call->fresh;
    enum scree_status status = scree__net_s3_request(call->upload->s3, request, call->method,
                                                     call->query, call->hash, err);
    if (status == SCREE_OK && call->if_none_match)
        status = scree__net_header(request, err, "If-None-Match: *");
    return status;
}

static enum scree__net_verdict judge(void *arg, struct scree__net_request *request,
                                     struct scree_error *err)
{
    struct scree__net_call *call = arg;
    call->status = request->response.status;
    call->length = request->response.length_known ? request->response.length : 0;
    call->etag[0] = '\0';
    if (strlen(request->response.etag) < sizeof call->etag)
        memcpy(call->etag, request->response.etag, strlen(request->response.etag) + 1);
    memcpy(call->text, request->text, sizeof call->text);
    enum scree__net_verdict verdict =
        scree__net_judge(request, call->upload->name, call->what, err);
    if (verdict != SCREE__NET_DONE || strstr(call->text, "<Error>") == NULL)
        return verdict;
    /* 200 was sent before the store knew how it would end. */
    char code[64] = "?";
    (void)scree__net_xml_text(call->text, "Code", code, sizeof code);
    scree__base_fail(err, SCREE_E_IO, "%s: %s: %s", call->upload->name, call->what, code);
    bool passing = strcmp(code, "InternalError") == 0 || strcmp(code, "SlowDown") == 0 ||
                   strcmp(code, "ServiceUnavailable") == 0;
    return passing ? SCREE__NET_RETRY : SCREE__NET_FAILED;
}

static void call_init(const struct scree__net_upload *upload, struct scree__net_call *call,
                      enum scree__net_method method, const char *what)
{
    memset(call, 0, sizeof *call);
    call->job = (struct scree__net_job){
        .arg = call, .name = upload->name, .prepare = prepare, .judge = judge};
    call->upload = upload;
    call->method = method;
    snprintf(call->what, sizeof call->what, "%s", what);
    scree__net_hash(NULL, 0, call->hash);
}

static void set_body(struct scree__net_call *call, const void *bytes, uint64_t byte_count)
{
    call->body = bytes;
    call->body_bytes = byte_count;
    scree__net_hash(bytes, (size_t)byte_count, call->hash);
}

static enum scree_status run(struct scree__net_call *call, struct scree_error *err)
{
    return scree__net_engine_run(call->upload->engine, &call->job, err);
}

/* ------------------------------------------------------------------------------------ the calls */

static enum scree_status exists(const struct scree__net_upload *upload, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_EXISTS, "%s exists already (--force replaces it)",
                            upload->name);
}

enum scree_status scree__net_upload_check(const struct scree__net_upload *upload,
                                          struct scree_error *err)
{
    struct scree__net_call call;
    struct scree_error why = SCREE_ERROR_INIT;
    if (upload->replace)
        return SCREE_OK;
    call_init(upload, &call, SCREE__NET_HEAD, "HEAD");
    enum scree_status status = run(&call, &why);
    if (status == SCREE_OK)
        return exists(upload, err);
    /* Who may not list the bucket is told 403 for what is not there. Whether it is shows when the
     * upload begins. */
    if (status == SCREE_E_IO && (call.status == 404 || call.status == 403))
        return SCREE_OK;
    return scree__base_fail(err, status, "%s", why.message);
}

enum scree_status scree__net_upload_begin(struct scree__net_upload *upload, struct scree_error *err)
{
    struct scree__net_call call;
    char id[SCREE__NET_UPLOAD_ID_BYTES];
    size_t used = 0;
    call_init(upload, &call, SCREE__NET_POST, "begin of the upload");
    snprintf(call.query, sizeof call.query, "uploads=");
    enum scree_status status = run(&call, err);
    if (status != SCREE_OK)
        return status;
    if (!scree__net_xml_text(call.text, "UploadId", id, sizeof id) || id[0] == '\0' ||
        !scree__io_escape(id, false, upload->id, sizeof upload->id, &used)) {
        upload->id[0] = '\0';
        return scree__base_fail(err, SCREE_E_IO, "%s: the store gives no id for an upload",
                                upload->name);
    }
    return SCREE_OK;
}

void scree__net_upload_part(const struct scree__net_upload *upload, struct scree__net_call *call,
                            unsigned number, const uint8_t *bytes, uint64_t byte_count)
{
    call_init(upload, call, SCREE__NET_PUT, "");
    snprintf(call->what, sizeof call->what, "upload of part %u", number);
    snprintf(call->query, sizeof call->query, "partNumber=%u&uploadId=%s", number, upload->id);
    set_body(call, bytes, byte_count);
}

enum scree_status scree__net_upload_abort(struct scree__net_upload *upload, struct scree_error *err)
{
    struct scree__net_call call;
    if (upload->id[0] == '\0')
        return SCREE_OK;
    call_init(upload, &call, SCREE__NET_DELETE, "end of the unfinished upload");
    snprintf(call.query, sizeof call.query, "uploadId=%s", upload->id);
    upload->id[0] = '\0';
    return run(&call, err);
}

/* ------------------------------------------------------------------------------------- complete */

/* Bytes of the list of one part: tags, number, escaped quotes. */
#define PART_TEXT_BYTES (SCREE__NET_ETAG_BYTES + 90)

static size_t list_parts(char *text, size_t text_bytes, const char (*etags)[SCREE__NET_ETAG_BYTES],
                         unsigned part_count)
{
    size_t used = (size_t)snprintf(text, text_bytes, "<CompleteMultipartUpload>");
    for (unsigned i = 0; i < part_count; i++)
        used += (size_t)snprintf(text + used, text_bytes - used,
                                 "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>", i + 1,
                                 etags[i]);
    used += (size_t)snprintf(text + used, text_bytes - used, "</CompleteMultipartUpload>");
    return used;
}

/* What is there now, as the store tells. */
static enum scree_status check_length(const struct scree__net_upload *upload, uint64_t byte_count,
                                      struct scree_error *err)
{
    struct scree__net_call call;
    call_init(upload, &call, SCREE__NET_HEAD, "HEAD of what was uploaded");
    enum scree_status status = run(&call, err);
    if (status != SCREE_OK || call.length == byte_count)
        return status;
    return scree__base_fail(err, SCREE_E_IO, "%s: %llu bytes were uploaded, the object has %llu",
                            upload->name, (unsigned long long)byte_count,
                            (unsigned long long)call.length);
}

static enum scree_status complete(struct scree__net_upload *upload, const char *text, size_t bytes,
                                  uint64_t byte_count, struct scree_error *err)
{
    struct scree__net_call call;
    struct scree_error why = SCREE_ERROR_INIT;
    call_init(upload, &call, SCREE__NET_POST, "completion of the upload");
    snprintf(call.query, sizeof call.query, "uploadId=%s", upload->id);
    set_body(&call, text, bytes);
    call.if_none_match = !upload->replace;
    call.fresh = true; /* whether an answer was lost tells what "no such upload" means */
    enum scree_status status = run(&call, &why);
    if (status != SCREE_OK && call.status == 501 && call.if_none_match) {
        /* A store that knows no conditions; HEAD was asked before. */
        call.if_none_match = false;
        why = (struct scree_error)SCREE_ERROR_INIT;
        status = run(&call, &why);
    }
    if (status != SCREE_OK && call.status == 412)
        return exists(upload, err);
    /* An answer that was lost: the upload is not there any more because it is complete. */
    bool may_be_done = status != SCREE_OK && call.status == 404 && call.job.attempts > 0;
    if (status == SCREE_OK || may_be_done) {
        upload->id[0] = '\0';
        return check_length(upload, byte_count, err);
    }
    return scree__base_fail(err, status, "%s", why.message);
}

enum scree_status scree__net_upload_complete(struct scree__net_upload *upload,
                                             const char (*etags)[SCREE__NET_ETAG_BYTES],
                                             unsigned part_count, uint64_t byte_count,
                                             struct scree__mem_budget *budget,
                                             struct scree_error *err)
{
    uint64_t text_bytes = (uint64_t)part_count * PART_TEXT_BYTES + 128;
    void *memory;
    enum scree_status status = scree__net_upload_check(upload, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, text_bytes, &memory, "list of parts", err);
    if (status != SCREE_OK)
        return status;
    size_t used = list_parts(memory, (size_t)text_bytes, etags, part_count);
    status = complete(upload, memory, used, byte_count, err);
    scree__mem_free(budget, memory, text_bytes);
    return status;
}
