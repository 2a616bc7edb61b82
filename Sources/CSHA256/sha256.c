// SHA-256 as FIPS 180-4 section 6.2 writes it, and the choice of the function that adds blocks.
#include "CSHA256.h"

#include <string.h>

#include "blocks.h"

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
const uint32_t csha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n) { return (x >> n) | (x << (32 - n)); }

static void blocks_portable(uint32_t state[8], const uint8_t *block, size_t count) {
  for (; count > 0; count--, block += 64) {
    uint32_t w[64];
    for (int t = 0; t < 16; t++)
      w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 |
             block[4 * t + 3];
    for (int t = 16; t < 64; t++) {
      const uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >> 3);
      const uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >> 10);
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t++) {
      const uint32_t sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25), choose = (e & f) ^ (~e & g);
      const uint32_t t1 = h + sum1 + choose + csha256_constants[t] + w[t];
      const uint32_t sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22), majority = (a & b) ^ (a & c) ^ (b & c);
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + sum0 + majority;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

static csha256_blocks *blocks_here(void) {
#if defined(__x86_64__)
  if (csha256_has_shani()) return csha256_blocks__shani;
#endif
  return blocks_portable;
}

static void add(csha256_blocks *blocks, csha256_stream *s, const void *data, size_t size) {
  if (size == 0) return;
  const uint8_t *from = data;
  const size_t held = s->size % 64;
  s->size += size;
  if (held > 0) {
    const size_t taken = size < 64 - held ? size : 64 - held;
    memcpy(s->block + held, from, taken);
    if (held + taken < 64) return;
    blocks(s->state, s->block, 1);
    from += taken, size -= taken;
  }
  const size_t whole = size / 64;
  if (whole > 0) blocks(s->state, from, whole);
  if (size % 64 > 0) memcpy(s->block, from + whole * 64, size % 64);
}

static void end(csha256_blocks *blocks, csha256_stream *s, uint8_t digest[32]) {
  // Section 5.1.1: a one bit, zeros, and the length in bits as the last eight bytes of a block.
  uint8_t last[128] = {0};
  const size_t rest = s->size % 64;
  memcpy(last, s->block, rest);
  last[rest] = 0x80;
  const size_t tail = rest < 56 ? 1 : 2;
  const uint64_t bits = s->size * 8;
  for (size_t i = 0; i < 8; i++) last[tail * 64 - 1 - i] = (uint8_t)(bits >> (8 * i));
  blocks(s->state, last, tail);
  for (size_t i = 0; i < 32; i++) digest[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}

void csha256_begin(csha256_stream *stream) {
  const csha256_stream empty = {
      .state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
  *stream = empty;
}

void csha256_add(csha256_stream *stream, const void *data, size_t size) { add(blocks_here(), stream, data, size); }

void csha256_end(csha256_stream *stream, uint8_t digest[32]) { end(blocks_here(), stream, digest); }

static void hash(csha256_blocks *blocks, const void *data, size_t size, uint8_t digest[32]) {
  csha256_stream stream;
  csha256_begin(&stream);
  add(blocks, &stream, data, size);
  end(blocks, &stream, digest);
}

void csha256_portable(const void *data, size_t size, uint8_t digest[32]) {
  hash(blocks_portable, data, size, digest);
}

void csha256(const void *data, size_t size, uint8_t digest[32]) { hash(blocks_here(), data, size, digest); }
