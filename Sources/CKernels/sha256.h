// The two ways of hashing a run of 64-byte blocks.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Adds `count` blocks to the eight words of the state.
typedef void ck_sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t count);

extern const uint32_t ck_sha256_constants[64];
#if defined(__x86_64__)
ck_sha256_blocks ck_sha256_blocks__shani;
#endif
