#include "number.h"

/* The place of each character is its value (GB 32100-2015, table 2). */
static const char  uscc_alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";


static bool
digits(const uint8_t *p, size_t n)
{
    while (n-- != 0) {
        if (*p < '0' || *p > '9') {
            return false;
        }
        p++;
    }

    return true;
}


shian_number_t
shian_uscc_check(shian_str_t s)
{
    size_t       i;
    unsigned     sum, weight, last;
    const char  *at;

    if (s.n != 18 || !digits(s.p + 2, 6)) {
        return SHIAN_NUMBER_BAD_PATTERN;
    }

    sum = 0;
    last = 0;
    weight = 1;

    for (i = 0; i < 18; i++) {
        at = memchr(uscc_alphabet, s.p[i], 31);
        if (at == NULL) {
            return SHIAN_NUMBER_BAD_PATTERN;
        }

        last = (unsigned) (at - uscc_alphabet);

        if (i < 17) {
            sum += last * weight;
            weight = weight * 3 % 31;
        }
    }

    return last == (31 - sum % 31) % 31 ? SHIAN_NUMBER_OK
                                        : SHIAN_NUMBER_BAD_CHECK_DIGIT;
}


shian_number_t
shian_licence_check(shian_str_t s)
{
    size_t    i;
    unsigned  p;

    if (s.n != 16 || memcmp(s.p, "JY", 2) != 0 || !digits(s.p + 2, 14)) {
        return SHIAN_NUMBER_BAD_PATTERN;
    }

    /* ISO/IEC 7064, hybrid system MOD 11,10. */
    p = 10;

    for (i = 2; i < 15; i++) {
        p = (p + s.p[i] - '0') % 10;
        p = (p == 0 ? 10 : p) * 2 % 11;
    }

    return (p + s.p[15] - '0') % 10 == 1 ? SHIAN_NUMBER_OK
                                         : SHIAN_NUMBER_BAD_CHECK_DIGIT;
}


shian_number_t
shian_mobile_check(shian_str_t s)
{
    if (s.n != 11 || !digits(s.p, 11) || s.p[0] != '1' || s.p[1] < '3') {
        return SHIAN_NUMBER_BAD_PATTERN;
    }

    return SHIAN_NUMBER_OK;
}


shian_number_t
shian_idcard_check(shian_str_t s)
{
    size_t    i;
    uint8_t   last;
    unsigned  p;

    if (s.n != 18 || !digits(s.p, 17)) {
        return SHIAN_NUMBER_BAD_PATTERN;
    }

    last = s.p[17] == 'x' ? 'X' : s.p[17];

    if (last != 'X' && !digits(&last, 1)) {
        return SHIAN_NUMBER_BAD_PATTERN;
    }

    /* ISO/IEC 7064, pure system MOD 11-2, where X stands for ten. */
    p = 0;

    for (i = 0; i < 17; i++) {
        p = (p + s.p[i] - '0') * 2 % 11;
    }

    p += last == 'X' ? 10 : last - '0';

    return p % 11 == 1 ? SHIAN_NUMBER_OK : SHIAN_NUMBER_BAD_CHECK_DIGIT;
}
