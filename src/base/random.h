/*
 * random.h
 *		Randomness as a pure function: a hash of what the number is for.
 *
 * There is no generator state anywhere.  Whoever needs a number names it, by
 * the model's seed, the epoch, the node and so on, and gets the same number
 * on every machine, in every order and in every batch.
 */
#ifndef SAGE_RANDOM_H
#define SAGE_RANDOM_H

#include <stdint.h>

/* The finaliser of splitmix64 (Steele, Lea and Flood 2014). */
static inline uint64_t
random_mix(uint64_t x)
{
	x += UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

/*
 * A hash of two values; not symmetric.  Where one "a" meets many "b", its half
 * of the work is done once: random_hash(a, b) is
 * random_hash_with(random_mix(a), b).
 */
static inline uint64_t
random_hash_with(uint64_t mixed, uint64_t b)
{
	return random_mix(mixed ^ (b * UINT64_C(0xD6E8FEB86659FD93)));
}

static inline uint64_t
random_hash(uint64_t a, uint64_t b)
{
	return random_hash_with(random_mix(a), b);
}

/* Uniform in [0, 1), from the upper 53 bits. */
static inline double
random_unit(uint64_t x)
{
	return (double) (x >> 11) * (1.0 / 9007199254740992.0);
}

/* Uniform in [0, n), n > 0, without the bias of a remainder. */
static inline uint64_t
random_below(uint64_t x, uint64_t n)
{
	return (uint64_t) (((unsigned __int128) x * n) >> 64);
}

#endif							/* SAGE_RANDOM_H */
