/*
 * Cells as people write them: days, numbers, words for one thing.  All pure.
 */

#ifndef SHIAN_PARSE_H
#define SHIAN_PARSE_H

#include "core/base.h"

/* A finite decimal number and nothing else. */
bool shian_parse_real(shian_str_t s, double *v);

/*
 * A day: 2026-11-23, 2026/11/3, 20261123, 2026.11.23, 2026年11月23日, each
 * also with a time of day after a space or T, which is dropped.
 */
bool shian_parse_day(shian_str_t s, int32_t *day);

/*
 * The number of a word in a table that ends with NULL, without regard to
 * case.
 */
typedef struct {
    const char  *word;
    int          value;
} shian_word_t;

bool shian_parse_word(shian_str_t s, const shian_word_t *words, int *value);

/* ASCII letters in upper case, spaces and hyphens out; room for size - 1. */
bool shian_parse_code(shian_str_t s, char *out, size_t size);

/*
 * A category: of alternatives (a|b) the first, of levels (a;b;c) the last.
 */
shian_str_t shian_parse_category(shian_str_t s);

#endif /* SHIAN_PARSE_H */
