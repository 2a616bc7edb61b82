// The two ways of hashing a run of 64-byte blocks.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Adds `count` blocks to the eight words of the state.
typedef void csha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t count);

extern const uint32_t csha256_constants[64];
#if defined(__x86_64__)
csha256_blocks csha256_blocks__shani;
/// Whether this processor has the instructions of csha256_blocks__shani. Detected once; thread-safe.
int csha256_has_shani(void);
#endif
