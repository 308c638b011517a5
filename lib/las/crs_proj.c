/* crs_proj.c - coordinate reference systems through PROJ. Each call has a context of its own: no
 * locks, any thread. */
#include "las/crs.h"

#if SCREE_HAVE_PROJ

#include "base/error.h"
#include "las/geotiff_build.h"
#include "mem/budget.h"

#include <stdio.h>
#include <string.h>

/* A context that prints nothing and keeps PROJ's last complaint. */
struct session {
    PJ_CONTEXT *proj;
    char complaint[200];
};

static void keep_complaint(void *user, int level, const char *message)
{
    struct session *session = user;
    if (level == PJ_LOG_ERROR)
        snprintf(session->complaint, sizeof session->complaint, "%s", message);
}

static enum scree_status session_init(struct session *session, struct scree_error *err)
{
    snprintf(session->complaint, sizeof session->complaint, "it is no CRS");
    session->proj = proj_context_create();
    if (session->proj == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "PROJ gives no context");
    proj_log_func(session->proj, session, keep_complaint);
    proj_log_level(session->proj, PJ_LOG_ERROR);
    proj_context_set_enable_network(session->proj, 0);
    return SCREE_OK;
}

static void session_release(struct session *session)
{
    proj_context_destroy(session->proj);
}

static bool is_wkt(PJ_CONTEXT *proj, const char *text)
{
    return proj_context_guess_wkt_dialect(proj, text) != PJ_GUESSED_NOT_WKT;
}

/* Takes parsed: NULL, and a complaint, for what is no CRS. */
static PJ *crs_or_complaint(struct session *session, PJ *parsed)
{
    if (parsed != NULL && !proj_is_crs(parsed)) {
        proj_destroy(parsed);
        parsed = NULL;
    }
    for (char *c = session->complaint; *c != '\0'; c++) /* a message is one line */
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return parsed;
}

/* NULL, and a complaint, for what is no WKT of a CRS. Other texts PROJ would search for among its names, for a tenth of a second, and guess. */
static PJ *parse_wkt(struct session *session, const char *text)
{
    PROJ_STRING_LIST faults = NULL;
    if (!is_wkt(session->proj, text)) {
        keep_complaint(session, PJ_LOG_ERROR, "it is not WKT");
        return NULL;
    }
    PJ *parsed = proj_create_from_wkt(session->proj, text, NULL, NULL, &faults);
    if (parsed == NULL && faults != NULL && faults[0] != NULL)
        keep_complaint(session, PJ_LOG_ERROR, faults[0]);
    proj_string_list_destroy(faults);
    return crs_or_complaint(session, parsed);
}

/* The CRS inside one that carries a transformation to a hub (TOWGS84): that is no part of its
 * meaning. Takes crs. */
static PJ *unbound(PJ_CONTEXT *proj, PJ *crs)
{
    while (crs != NULL && proj_get_type(crs) == PJ_TYPE_BOUND_CRS) {
        PJ *inner = proj_get_source_crs(proj, crs);
        proj_destroy(crs);
        crs = inner;
    }
    return crs;
}

static void classify(PJ_CONTEXT *proj, const PJ *crs, struct scree_las_crs *out)
{
    const char *name = proj_get_name(crs);
    snprintf(out->name, sizeof out->name, "%s", name != NULL ? name : "");
    PJ *part = unbound(proj, proj_clone(proj, crs));
    if (part != NULL && proj_get_type(part) == PJ_TYPE_COMPOUND_CRS) {
        PJ *first = unbound(proj, proj_crs_get_sub_crs(proj, part, 0));
        proj_destroy(part);
        part = first;
    }
    if (part == NULL)
        return;
    PJ_TYPE type = proj_get_type(part);
    out->geocentric = type == PJ_TYPE_GEOCENTRIC_CRS;
    out->geographic = type == PJ_TYPE_GEOGRAPHIC_2D_CRS || type == PJ_TYPE_GEOGRAPHIC_3D_CRS;
    proj_destroy(part);
}

static void add_note(struct scree_las_crs *crs, const char *text)
{
    size_t length = strlen(crs->note);
    snprintf(crs->note + length, sizeof crs->note - length, "%s%s", length > 0 ? "; " : "", text);
}

/* WKT1 as GDAL writes it, on one line. Ellipsoidal heights go into a vertical CRS, as readers of
 * WKT1 expect. What WKT1 has no words for becomes WKT2, with a note. */
static const char *export(struct session *session, const PJ *crs, struct scree_las_crs *out)
{
    static const char *const plain[] = {"MULTILINE=NO", NULL};
    static const char *const heights[] = {"MULTILINE=NO",
                                          "ALLOW_ELLIPSOIDAL_HEIGHT_AS_VERTICAL_CRS=YES", NULL};
    const char *wkt = proj_as_wkt(session->proj, crs, PJ_WKT1_GDAL, plain);
    if (wkt == NULL)
        wkt = proj_as_wkt(session->proj, crs, PJ_WKT1_GDAL, heights);
    if (wkt != NULL)
        return wkt;
    add_note(out, "WKT1 cannot say it: kept as WKT2, which many readers do not take");
    return proj_as_wkt(session->proj, crs, PJ_WKT2_2019, plain);
}

/* Fills *out from crs; wkt: the text to keep, or NULL. */
static enum scree_status fill(struct session *session, const PJ *crs, const char *wkt,
                              struct scree_las_crs *out, struct scree_error *err)
{
    classify(session->proj, crs, out);
    if (wkt == NULL)
        wkt = export(session, crs, out);
    if (wkt == NULL)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "PROJ cannot write the CRS \"%s\" as WKT: %s", out->name,
                                session->complaint);
    out->wkt = scree__mem_string_copy(wkt);
    return out->wkt != NULL ? SCREE_OK : scree__base_fail(err, SCREE_E_MEMORY, "CRS text");
}

enum scree_status scree__las_crs_from_wkt(const char *wkt, struct scree_las_crs *crs,
                                          struct scree_error *err)
{
    struct session session;
    enum scree_status status = session_init(&session, err);
    if (status != SCREE_OK)
        return status;
    PJ *parsed = parse_wkt(&session, wkt);
    if (parsed != NULL) {
        status = fill(&session, parsed, scree__las_crs_is_wkt1(wkt) ? wkt : NULL, crs, err);
    } else {
        scree__las_crs_describe(wkt, crs);
        snprintf(crs->note, sizeof crs->note, "PROJ cannot read this WKT (%s)", session.complaint);
        crs->wkt = scree__mem_string_copy(wkt);
        if (crs->wkt == NULL)
            status = scree__base_fail(err, SCREE_E_MEMORY, "CRS text");
    }
    proj_destroy(parsed);
    session_release(&session);
    return status;
}

enum scree_status scree__las_crs_from_geotiff(const struct scree__las_geotiff *geotiff,
                                              struct scree_las_crs *crs, struct scree_error *err)
{
    struct session session;
    enum scree_status status = session_init(&session, err);
    if (status != SCREE_OK)
        return status;
    struct scree__las_geotiff_build build = {geotiff, session.proj, crs->note, sizeof crs->note,
                                             err};
    PJ *built = NULL;
    status = scree__las_geotiff_crs(&build, &built);
    if (status == SCREE_OK && built != NULL)
        status = fill(&session, built, NULL, crs, err);
    else if (status == SCREE_OK && crs->note[0] == '\0')
        add_note(crs, "the GeoTIFF keys name no CRS");
    proj_destroy(built);
    session_release(&session);
    return status;
}

/* PROJ would also take names, and guess: a slip of the pen must not become a CRS. */
static bool is_known_form(PJ_CONTEXT *proj, const char *text)
{
    return strchr(text, ':') != NULL || text[0] == '{' || strstr(text, "+proj=") != NULL ||
           strstr(text, "+init=") != NULL || is_wkt(proj, text);
}

/* A PROJ string says that it is a CRS by +type=crs, which nobody writes. */
static PJ *parse_person(struct session *session, const char *text)
{
    static const char type[] = " +type=crs";
    if (is_wkt(session->proj, text))
        return parse_wkt(session, text);
    if (text[0] != '+' || strstr(text, "+proj=") == NULL || strstr(text, "+step") != NULL ||
        strstr(text, "type=crs") != NULL)
        return crs_or_complaint(session, proj_create(session->proj, text));
    size_t bytes = strlen(text) + sizeof type;
    void *memory;
    if (scree__mem_alloc(NULL, bytes, &memory, "CRS text", NULL) != SCREE_OK)
        return NULL;
    char *longer = memory;
    snprintf(longer, bytes, "%s%s", text, type);
    PJ *crs = crs_or_complaint(session, proj_create(session->proj, longer));
    scree__mem_free(NULL, memory, bytes);
    return crs;
}

enum scree_status scree__las_crs_from_person(const char *text, struct scree_las_crs *crs,
                                             struct scree_error *err)
{
    struct session session;
    enum scree_status status = session_init(&session, err);
    if (status != SCREE_OK)
        return status;
    PJ *parsed = NULL;
    if (!is_known_form(session.proj, text))
        status = scree__base_fail(err, SCREE_E_ARGUMENT,
                                  "\"%.100s\" is no CRS: give EPSG:code, EPSG:code+code, WKT, "
                                  "PROJJSON or a PROJ string",
                                  text);
    else if ((parsed = parse_person(&session, text)) == NULL)
        status = scree__base_fail(err, SCREE_E_ARGUMENT, "\"%.100s\": %s", text, session.complaint);
    else if (proj_get_type(parsed) == PJ_TYPE_VERTICAL_CRS)
        status =
            scree__base_fail(err, SCREE_E_ARGUMENT,
                             "\"%.100s\" is for heights alone: give both, EPSG:code+code", text);
    else
        status = fill(&session, parsed, scree__las_crs_is_wkt1(text) ? text : NULL, crs, err);
    proj_destroy(parsed);
    session_release(&session);
    return status;
}

/* --------------------------------------------------------------------------------- same meaning */

/* A projected CRS over another than a geographic one: PROJ 9.1 does not survive being asked to identify that. */
static bool is_odd(PJ_CONTEXT *proj, const PJ *crs)
{
    if (proj_get_type(crs) != PJ_TYPE_PROJECTED_CRS)
        return false;
    PJ *base = proj_get_source_crs(proj, crs);
    PJ_TYPE type = base != NULL ? proj_get_type(base) : PJ_TYPE_UNKNOWN;
    proj_destroy(base);
    return type != PJ_TYPE_GEOGRAPHIC_2D_CRS && type != PJ_TYPE_GEOGRAPHIC_3D_CRS;
}

PJ_OBJ_LIST *scree__las_crs_identify(PJ_CONTEXT *proj, const PJ *crs, int **confidence)
{
    return is_odd(proj, crs) ? NULL : proj_identify(proj, crs, "EPSG", NULL, confidence);
}

/* The EPSG entry that a CRS is, beyond doubt or under another name; 0 when there is none. The
 * answer rests on the definition, not on the id that the text claims. */
static bool epsg_code(PJ_CONTEXT *proj, const PJ *crs, char code[32])
{
    int *confidence = NULL;
    PJ_OBJ_LIST *list = scree__las_crs_identify(proj, crs, &confidence);
    bool found = false;
    if (list != NULL && proj_list_get_count(list) > 0 && confidence[0] >= 70) {
        PJ *best = proj_list_get(proj, list, 0);
        const char *text = best != NULL ? proj_get_id_code(best, 0) : NULL;
        found = text != NULL;
        snprintf(code, 32, "%s", found ? text : "");
        proj_destroy(best);
    }
    proj_int_list_destroy(confidence);
    proj_list_destroy(list);
    return found;
}

static bool same_single(PJ_CONTEXT *proj, const PJ *a, const PJ *b)
{
    if (proj_is_equivalent_to_with_ctx(proj, a, b, PJ_COMP_EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS))
        return true;
    char code_a[32], code_b[32];
    return proj_get_type(a) == proj_get_type(b) && epsg_code(proj, a, code_a) &&
           epsg_code(proj, b, code_b) && strcmp(code_a, code_b) == 0;
}

/* Part by part: a compound CRS and its horizontal part alone are not the same, since one says what
 * the heights are. */
static bool same(PJ_CONTEXT *proj, const PJ *a, const PJ *b)
{
    bool compound = proj_get_type(a) == PJ_TYPE_COMPOUND_CRS;
    if (compound != (proj_get_type(b) == PJ_TYPE_COMPOUND_CRS))
        return false;
    if (!compound)
        return same_single(proj, a, b);
    bool equal = true;
    for (int part = 0; part < 2 && equal; part++) {
        PJ *part_a = unbound(proj, proj_crs_get_sub_crs(proj, a, part));
        PJ *part_b = unbound(proj, proj_crs_get_sub_crs(proj, b, part));
        equal = part_a != NULL && part_b != NULL && same_single(proj, part_a, part_b);
        proj_destroy(part_a);
        proj_destroy(part_b);
    }
    return equal;
}

bool scree__las_crs_wkt_reads(const char *text, char *why, size_t capacity)
{
    struct session session;
    if (session_init(&session, NULL) != SCREE_OK)
        return true;
    PJ *crs = parse_wkt(&session, text);
    bool reads = crs != NULL;
    snprintf(why, capacity, "%s", reads ? "" : session.complaint);
    proj_destroy(crs);
    session_release(&session);
    return reads;
}

bool scree__las_crs_same_meaning(const char *a, const char *b)
{
    struct session session;
    if (session_init(&session, NULL) != SCREE_OK)
        return false;
    PJ *parsed_a = unbound(session.proj, parse_wkt(&session, a));
    PJ *parsed_b = unbound(session.proj, parse_wkt(&session, b));
    bool equal = parsed_a != NULL && parsed_b != NULL && same(session.proj, parsed_a, parsed_b);
    proj_destroy(parsed_a);
    proj_destroy(parsed_b);
    session_release(&session);
    return equal;
}

#endif
