/*
 * Options and operands, by the table of commands.
 */

#ifndef SHIAN_ARGS_H
#define SHIAN_ARGS_H

#include "ctl.h"

/*
 * Finds the command and fills *c from argv; options stand anywhere, "--" ends
 * them, "--name=value" and "--name value" are the same.  Returns SHIAN_DONE,
 * or another status after saying what is wrong.
 */
int shian_args_parse(shian_ctl_t *c, int argc, char **argv);

/* The help of c->command, or of all where there is none. */
void shian_args_help(const shian_ctl_t *c, FILE *f);

/* The last value given for an option, or NULL. */
const char *shian_arg(const shian_ctl_t *c, const char *name);

/* The next value from *i on, or NULL: for (i = 0; (v = ...) != NULL; ). */
const char *shian_arg_next(const shian_ctl_t *c, const char *name,
    size_t *i);

/* Whether a flag was given. */
bool shian_flag(const shian_ctl_t *c, const char *name);

/* A decimal number from min to max. */
bool shian_number(const char *text, uint64_t min, uint64_t max,
    uint64_t *out);

#endif /* SHIAN_ARGS_H */
