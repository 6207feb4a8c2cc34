/*
 * model_digest.c
 *		SHA-256 (FIPS 180-4), for the checksum of a model file.
 *
 * In plain C, and by the processor's own instructions where it has them: a
 * model of two megabytes is checked when a session first scores, and in plain
 * C that takes 8 ms of the 18 of such a call.
 */
#include <string.h>

#include "model/model_digest.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)	/* which only makes bitcode and fuzzes */
#define DIGEST_INSTRUCTIONS
#include <cpuid.h>
#include <immintrin.h>
#endif

#define ROTATE(x, n)	(((x) >> (n)) | ((x) << (32 - (n))))

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

/* Whether the processor has the instructions: SHA, and SSE 4.1 to arrange their operands. */
static bool
has_instructions(void)
{
#ifdef DIGEST_INSTRUCTIONS
	unsigned int a,
				b,
				c,
				d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) != 0 &&
		__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
#else
	return false;
#endif
}

void
model_digest_begin(ModelDigest *digest)
{
	static const uint32_t initial[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
	};

	memcpy(digest->state, initial, sizeof(initial));
	digest->length = 0;
	digest->instructions = has_instructions();
}

/* The sixteen words of a block, continued to one for each round. */
static void
expand_block(const uint8_t *block, uint32_t w[64])
{
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t) block[4 * i] << 24 | (uint32_t) block[4 * i + 1] << 16 |
			(uint32_t) block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++)
	{
		uint32_t	s0 = ROTATE(w[i - 15], 7) ^ ROTATE(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t	s1 = ROTATE(w[i - 2], 17) ^ ROTATE(w[i - 2], 19) ^ w[i - 2] >> 10;

		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
}

/*
 * One round.  The standard moves its eight variables on by one place after
 * each; here they stay in registers and change their roles instead.
 */
#define ROUND(a, b, c, d, e, f, g, h, i) \
	do { \
		uint32_t	t1 = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + \
			((e & f) ^ (~e & g)) + round_constants[i] + w[i]; \
		d += t1; \
		h = t1 + (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & b) ^ (a & c) ^ (b & c)); \
	} while (0)

/* One block into the state. */
static void
compress(uint32_t state[8], const uint8_t *block)
{
	uint32_t	w[64];
	uint32_t	a = state[0],
				b = state[1],
				c = state[2],
				d = state[3],
				e = state[4],
				f = state[5],
				g = state[6],
				h = state[7];

	expand_block(block, w);
	for (int i = 0; i < 64; i += 8)
	{
		ROUND(a, b, c, d, e, f, g, h, i);
		ROUND(h, a, b, c, d, e, f, g, i + 1);
		ROUND(g, h, a, b, c, d, e, f, i + 2);
		ROUND(f, g, h, a, b, c, d, e, i + 3);
		ROUND(e, f, g, h, a, b, c, d, i + 4);
		ROUND(d, e, f, g, h, a, b, c, i + 5);
		ROUND(c, d, e, f, g, h, a, b, i + 6);
		ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

#ifdef DIGEST_INSTRUCTIONS
/*
 * The same for n blocks.  The instructions want the state as (a, b, e, f) and
 * (c, d, g, h), from the last place to the first; each does two rounds, and
 * two others make the next words of the schedule out of the last sixteen.
 */
__attribute__((target("sha,sse4.1")))
static void
compress_blocks(uint32_t state[8], const uint8_t *block, size_t n)
{
	const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i		dcba = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *) state), 0xB1);
	__m128i		hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *) (state + 4)), 0x1B);
	__m128i		abef = _mm_alignr_epi8(dcba, hgfe, 8);
	__m128i		cdgh = _mm_blend_epi16(hgfe, dcba, 0xF0);

	for (; n > 0; n--, block += 64)
	{
		const __m128i abef_before = abef;
		const __m128i cdgh_before = cdgh;
		__m128i		words[4];

		for (int i = 0; i < 4; i++)
			words[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *) (block + 16 * i)), order);
		_Pragma("GCC unroll 16")
		for (int i = 0; i < 16; i++)
		{
			__m128i		first = words[i % 4];
			__m128i		last = words[(i + 3) % 4];
			__m128i		w = _mm_add_epi32(first, _mm_loadu_si128((const __m128i *) (round_constants + 4 * i)));

			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, w);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(w, 0x0E));
			if (i < 12)
			{
				w = _mm_add_epi32(_mm_sha256msg1_epu32(first, words[(i + 1) % 4]),
								  _mm_alignr_epi8(last, words[(i + 2) % 4], 4));
				words[i % 4] = _mm_sha256msg2_epu32(w, last);
			}
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	abef = _mm_shuffle_epi32(abef, 0x1B);
	cdgh = _mm_shuffle_epi32(cdgh, 0xB1);
	_mm_storeu_si128((__m128i *) state, _mm_blend_epi16(abef, cdgh, 0xF0));
	_mm_storeu_si128((__m128i *) (state + 4), _mm_alignr_epi8(cdgh, abef, 8));
}
#else
static void
compress_blocks(uint32_t state[8], const uint8_t *block, size_t n)
{
	(void) state, (void) block, (void) n;	/* there are none */
}
#endif

/* All whole blocks of n bytes into the state; how many bytes these were. */
static size_t
compress_all(ModelDigest *digest, const uint8_t *bytes, size_t n)
{
	size_t		whole = n - n % 64;

	if (digest->instructions)
		compress_blocks(digest->state, bytes, whole / 64);
	for (size_t i = 0; i < whole && !digest->instructions; i += 64)
		compress(digest->state, bytes + i);
	return whole;
}

void
model_digest_add(ModelDigest *digest, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;
	size_t		used = digest->length % 64;

	digest->length += n;
	if (used > 0)
	{
		size_t		take = n < 64 - used ? n : 64 - used;

		memcpy(digest->block + used, from, take);
		if (used + take < 64)
			return;
		(void) compress_all(digest, digest->block, 64);
		from += take;
		n -= take;
	}
	used = compress_all(digest, from, n);
	if (n > used)
		memcpy(digest->block, from + used, n - used);
}

/* The digest as lower-case hexadecimal, closed by NUL. */
void
model_digest_end(ModelDigest *digest, char hex[MODEL_DIGEST_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t	bits = digest->length * 8;
	uint8_t		padding[72] = {0x80};
	size_t		used = digest->length % 64;
	size_t		zeros = (used < 56 ? 56 : 120) - used;

	/* A one bit, zeros up to eight bytes before the end of a block, the length. */
	for (int i = 0; i < 8; i++)
		padding[zeros + i] = (uint8_t) (bits >> (56 - 8 * i));
	model_digest_add(digest, padding, zeros + 8);

	for (int i = 0; i < MODEL_DIGEST_HEX; i++)
		hex[i] = digits[digest->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
	hex[MODEL_DIGEST_HEX] = '\0';
}
