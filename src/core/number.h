/*
 * Numbers with a form and a check digit.  What a wrong digit means (refused,
 * or only a warning) is the caller's rule.
 */

#ifndef SHIAN_NUMBER_H
#define SHIAN_NUMBER_H

#include "base.h"

typedef enum {
    SHIAN_NUMBER_OK = 0,
    SHIAN_NUMBER_BAD_PATTERN,
    SHIAN_NUMBER_BAD_CHECK_DIGIT
} shian_number_t;

/*
 * Unified social credit code 统一社会信用代码, GB 32100-2015: 18 characters,
 * upper case.  Any thread.
 */
shian_number_t shian_uscc_check(shian_str_t s);

/*
 * Food licence 食品经营许可证: "JY" and 14 digits, the last by ISO/IEC 7064
 * MOD 11,10.  Any thread.
 */
shian_number_t shian_licence_check(shian_str_t s);

/* Mainland mobile number, 11 digits; it has no check digit.  Any thread. */
shian_number_t shian_mobile_check(shian_str_t s);

/*
 * Identity card 公民身份号码, GB 11643-1999: 17 digits and one of ISO/IEC
 * 7064 MOD 11-2, where "x" stands for "X" as people write it.  Any thread.
 */
shian_number_t shian_idcard_check(shian_str_t s);

#endif /* SHIAN_NUMBER_H */
