/*
 * A test that needs what is not here says so and passes: cmocka's skip() is a
 * failure to prove, and what goes to standard output is shown by nobody.
 */

#ifndef LEFT_OUT_H
#define LEFT_OUT_H

#include <stdio.h>


/* One line for who runs the tests; what is missing, and what is not tried. */
static inline void
left_out(const char *missing)
{
    fflush(stdout);
    fprintf(stderr, "# left out: no %s here\n", missing);
}

#endif /* LEFT_OUT_H */
