/* enrich_standing.c - how building scores of a folder's files agree with class 6. */
#include "cli/enrich_standing.h"
#include "cli/enrich_report.h"
#include "cli/status.h"
#include "cli/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What has no F1 is worse than anything. */
static double rank_of(const struct scree_enrich_match *match)
{
    return isfinite(match->f1) ? match->f1 : -1;
}

static void rank(struct enrich_standing *standing, const struct scree_enrich_file *file)
{
    const struct scree_enrich_match *match = &file->result->whole;
    unsigned at = standing->worst_count;
    while (at > 0 && rank_of(&standing->worst[at - 1].match) > rank_of(match))
        at--;
    if (at == STANDING_WORST)
        return;
    if (standing->worst_count == STANDING_WORST)
        free(standing->worst[--standing->worst_count].name);
    memmove(&standing->worst[at + 1], &standing->worst[at],
            (standing->worst_count - at) * sizeof *standing->worst);
    standing->worst[at] = (struct enrich_standing_file){strdup(file->input), *match};
    if (standing->worst[at].name == NULL)
        status_out_of_memory();
    standing->worst_count++;
}

void enrich_standing_add(struct enrich_standing *standing, const struct scree_enrich_file *file)
{
    const struct scree_enrich_result *result = file->result;
    if (result == NULL || (result->features & SCREE_FEATURE_BIT(SCREE_FEATURE_BUILDING_SCORE)) == 0)
        return;
    if (!result->is_judged) {
        standing->unjudged++;
        return;
    }
    struct scree_enrich_match *sum = &standing->sum;
    standing->judged++;
    sum->building_count += result->whole.building_count;
    sum->found_count += result->whole.found_count;
    sum->false_count += result->whole.false_count;
    sum->other_count += result->whole.other_count;
    const double found = (double)sum->found_count, building = (double)sum->building_count,
                 called = found + (double)sum->false_count;
    sum->precision = called > 0 ? found / called : (double)NAN;
    sum->recall = building > 0 ? found / building : (double)NAN;
    sum->f1 = building + called > 0 ? 2 * found / (building + called) : (double)NAN;
    rank(standing, file);
}

static void put_figure(double value)
{
    if (isfinite(value))
        fprintf(stderr, "%10.3f", value);
    else
        fprintf(stderr, "%10s", "-");
}

void enrich_standing_text(const struct enrich_standing *standing)
{
    const struct scree_enrich_match *sum = &standing->sum;
    if (standing->judged + standing->unjudged == 0)
        return;
    fprintf(stderr,
            "building score against class 6, of files done now: %s with class 6, %s without\n",
            count_text(standing->judged).text, count_text(standing->unjudged).text);
    if (standing->judged == 0)
        return;
    fprintf(stderr, "  %9s%10s%10s%10s%12s  %s\n", "F1", "AUC", "precision", "recall", "class 6",
            standing->judged > STANDING_WORST ? "the worst" : "the worst first");
    for (unsigned i = 0; i <= standing->worst_count; i++) {
        const bool whole = i == standing->worst_count;
        const struct scree_enrich_match *match = whole ? sum : &standing->worst[i].match;
        fputs(" ", stderr);
        put_figure(match->f1);
        put_figure(whole ? (double)NAN : match->auc);
        put_figure(match->precision);
        put_figure(match->recall);
        fprintf(stderr, "%12s  ", count_text(match->building_count).text);
        put_clean(stderr, whole ? "all points together" : standing->worst[i].name);
        fputc('\n', stderr);
    }
}

void enrich_standing_json(cJSON *to, const struct enrich_standing *standing)
{
    if (standing->judged + standing->unjudged == 0)
        return;
    cJSON *object = json_object(to, "building");
    json_u64(object, "files_with_class_6", standing->judged);
    json_u64(object, "files_without_class_6", standing->unjudged);
    enrich_match_json(object, &standing->sum);
    cJSON *worst = json_array(object, "worst");
    for (unsigned i = 0; i < standing->worst_count; i++) {
        cJSON *file = json_object(worst, NULL);
        json_text(file, "input", standing->worst[i].name);
        enrich_match_json(file, &standing->worst[i].match);
        json_double(file, "auc", standing->worst[i].match.auc);
    }
}

void enrich_standing_release(struct enrich_standing *standing)
{
    for (unsigned i = 0; i < standing->worst_count; i++)
        free(standing->worst[i].name);
    memset(standing, 0, sizeof *standing);
}
