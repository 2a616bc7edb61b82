// The decoders of rANS, one for each instruction set.
#pragma once
#include <assert.h>

#include "ck_rans.h"

extern const ck_rans_decoder ck_rans__scalar;
#if defined(__x86_64__)
extern const ck_rans_decoder ck_rans__avx512;
#endif

/// Bytes of words that one byte for each lane takes at most.
enum { RANS_GROUP_BYTES = 2 * CK_RANS_LANES };

static inline int is_rans_stream(const ck_rans_stream *s) {
  return s && s->next && s->next <= s->end && (s->end - s->next) % 2 == 0;
}
