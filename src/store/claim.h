/*
 * Which rules the programs know that have a store open.  Each holds a shared
 * lock of the file rules-N.lock in its folder, N being the newest it knows;
 * the kernel takes the lock from one that ends, however it does.
 */

#ifndef SHIAN_CLAIM_H
#define SHIAN_CLAIM_H

#include "store.h"

/*
 * Says that this process knows the rules up to number, until the store is
 * closed.  Where no file can be written nothing can be adopted either, so that
 * this fails is no error.
 */
void shian_claim(shian_store_t *s, uint32_t number);

/* The least number below `number` that some process holds; 0: none does. */
uint32_t shian_claimed_below(const shian_store_t *s, uint32_t number);

#endif /* SHIAN_CLAIM_H */
