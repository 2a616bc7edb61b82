// The definition of decoding rANS; tables, and what a stream begins and ends with.
#include <string.h>

#include "common/compile.h"
#include "rans.h"

int ck_rans_make_table(const uint16_t *frequencies, uint32_t *table) {
  assert(frequencies && table);
  uint32_t sum = 0;
  for (size_t byte = 0; byte < 256; byte++) {
    if (frequencies[byte] >= CK_RANS_SLOTS) return 0;
    sum += frequencies[byte];
  }
  if (sum != CK_RANS_SLOTS) return 0;
  for (uint32_t byte = 0; byte < 256; byte++) {
    const uint32_t frequency = frequencies[byte];
    for (uint32_t i = 0; i < frequency; i++) *table++ = frequency << 20 | i << 8 | byte;
  }
  return 1;
}

int ck_rans_begin(ck_rans_stream *stream, const uint8_t *stored, size_t size) {
  assert(stream && (stored || size == 0));
  if (size < 4 * CK_RANS_LANES || size % 2 != 0) return 0;
  for (size_t lane = 0; lane < CK_RANS_LANES; lane++, stored += 4) {
    stream->states[lane] =
        (uint32_t)stored[3] << 24 | (uint32_t)stored[2] << 16 | (uint32_t)stored[1] << 8 | stored[0];
    if (stream->states[lane] < CK_RANS_LOWEST) return 0;
  }
  stream->next = stored;
  stream->end = stored + (size - 4 * CK_RANS_LANES);
  return 1;
}

int ck_rans_is_at_end(const ck_rans_stream *stream) {
  assert(is_rans_stream(stream));
  int is_at_end = stream->next == stream->end;
  for (size_t lane = 0; lane < CK_RANS_LANES; lane++) is_at_end &= stream->states[lane] == CK_RANS_LOWEST;
  return is_at_end;
}

// The next state. It needs one word at most: x >= 2^16 gives at least 2^4, and a word more 2^20.
ALWAYS uint32_t step(uint32_t x, const uint32_t *tables, uint8_t *y) {
  const uint32_t entry = tables[(uint32_t)*y << CK_RANS_BITS | x % CK_RANS_SLOTS];
  *y = (uint8_t)entry;
  return (entry >> 20) * (x >> CK_RANS_BITS) + (entry >> 8) % CK_RANS_SLOTS;
}

ALWAYS uint32_t with_word(uint32_t x, const uint8_t *word) { return x << 16 | (uint32_t)word[1] << 8 | word[0]; }

static int decode(ck_rans_stream *s, const uint32_t *tables, size_t n, uint8_t *y) {
  assert(is_rans_stream(s) && tables && y);
  uint32_t x[CK_RANS_LANES];
  memcpy(x, s->states, sizeof x);
  const uint8_t *next = s->next, *const end = s->end;
  size_t i = 0;
  // Where every lane could take a word, none is asked for. A word is read whether it is taken or not.
  for (; n - i >= CK_RANS_LANES && end - next >= RANS_GROUP_BYTES; i += CK_RANS_LANES) {
    for (size_t lane = 0; lane < CK_RANS_LANES; lane++) {
      const uint32_t after = step(x[lane], tables, y + i + lane);
      const int takes = after < CK_RANS_LOWEST;
      const uint32_t filled = with_word(after, next);
      x[lane] = takes ? filled : after;
      next += 2 * takes;
    }
  }
  for (; i < n; i++) {
    const size_t lane = i % CK_RANS_LANES;
    x[lane] = step(x[lane], tables, y + i);
    if (x[lane] >= CK_RANS_LOWEST) continue;
    if (next == end) return 0;
    x[lane] = with_word(x[lane], next);
    next += 2;
  }
  memcpy(s->states, x, sizeof x);
  s->next = next;
  return 1;
}

const ck_rans_decoder ck_rans__scalar = {.name = "rans__scalar", .decode = decode};
