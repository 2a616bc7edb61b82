// SHA-256 (FIPS 180-4), by the processor's instructions where it has them.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Of data that comes in pieces.
typedef struct {
  uint32_t state[8];
  uint64_t size;      // bytes so far
  uint8_t block[64];  // the last size % 64 of them
} csha256_stream;
void csha256_begin(csha256_stream *stream);
void csha256_add(csha256_stream *stream, const void *data, size_t size);
void csha256_end(csha256_stream *stream, uint8_t digest[32]);

/// Of a buffer.
void csha256(const void *data, size_t size, uint8_t digest[32]);
/// The same with the portable code only, for tests.
void csha256_portable(const void *data, size_t size, uint8_t digest[32]);

#ifdef __cplusplus
}
#endif
