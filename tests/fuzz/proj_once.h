/* proj_once.h - for targets whose inputs may go on to PROJ. */
#ifndef SCREE_TESTS_FUZZ_PROJ_ONCE_H
#define SCREE_TESTS_FUZZ_PROJ_ONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Does this input go on to PROJ, which takes some hundred times as long as all else? Every seed that is replayed does, and one in 64 of libFuzzer's. That follows
 * from all of its bytes: from one of them, the inputs that libFuzzer keeps would soon be slow ones alone.
 */
bool proj_has_turn(const uint8_t *data, size_t size);

#endif
