// Decoding of entropy-coded bytes: rANS (J. Duda, arXiv:1311.2540) of 32 interleaved lanes, as docs/format.md specifies
// it for codec 3. The scalar decoder is the definition; every other gives the same bytes and the same verdict.
//
// Frequencies of the 256 bytes add up to 4096. Byte s owns the slots [c[s], c[s] + f[s]) of 4096, c[s] being the sum of
// the frequencies of smaller bytes. A lane with state x, 2^16 <= x < 2^32, gives the byte s that owns the slot
// x mod 4096 and goes on with
//
//     x = f[s] * floor(x / 4096) + x mod 4096 - c[s]
//
// and, where that is below 2^16, with x * 2^16 + the next 16-bit word. Byte i of a call comes from lane i mod 32.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ck_features.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

enum {
  CK_RANS_LANES = 32,
  CK_RANS_BITS = 12,
  CK_RANS_SLOTS = 1 << CK_RANS_BITS,
  CK_RANS_LOWEST = 1 << 16,  ///< of a state
};

/// Lanes, and the little-endian words that are left for them: [next, end), an even number of bytes.
typedef struct {
  uint32_t states[CK_RANS_LANES];
  const uint8_t *next, *end;
} ck_rans_stream;

/// Begins to decode `size` bytes: the little-endian states of the lanes, and words. False unless that can be what they
/// are.
int ck_rans_begin(ck_rans_stream *stream, const uint8_t *stored, size_t size);

/// Whether all words are taken and every lane is back at 2^16, where encoding began.
int ck_rans_is_at_end(const ck_rans_stream *stream);

/// Makes a table of CK_RANS_SLOTS entries, one for each slot: the frequency of its byte from bit 20, its place among
/// the byte's own slots from bit 8, the byte. False, and no table, unless the frequencies of the 256 bytes add up to
/// 4096 and each is below 4096.
int ck_rans_make_table(const uint16_t *frequencies, uint32_t *table);

/// One way of decoding.
typedef struct {
  const char *name;
  /// Replaces each of n bytes, the number of a table, by the byte that this one of the tables, which lie one after the
  /// other, gives; n is a multiple of 32 but in the last call for a stream. False where the words do not suffice: then
  /// y may be written in part, and the stream is of no more use. Reads no byte outside [next, end).
  int (*decode)(ck_rans_stream *stream, const uint32_t *tables, size_t n, uint8_t *y);
} ck_rans_decoder;

/// The best that some features allow; never NULL.
const ck_rans_decoder *ck_rans_decoder_for(ck_features features);
/// All that run on this machine, best first, for tests; returns how many were written.
size_t ck_rans_decoder_all(const ck_rans_decoder *_Nullable *_Nonnull decoders, size_t capacity);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
