// The one table of decoders of weights: which run where, and which is preferred.
#include "choice/complete.h"
#include "common/compile.h"
#include "entropy/rans.h"

// Best first. The last needs nothing.
static const struct {
  ck_features needs;
  const ck_rans_decoder *decoder;
} decoders[] = {
#if defined(__x86_64__)
    {NEEDS_AVX512, &ck_rans__avx512},
#endif
    {0, &ck_rans__scalar},
};
enum { DECODERS = sizeof decoders / sizeof decoders[0] };

const ck_rans_decoder *ck_rans_decoder_for(ck_features features) {
  size_t i = 0;
  while (decoders[i].needs & ~features) i++;
  ck_require_complete(decoders[i].decoder->name, decoders[i].decoder, sizeof *decoders[i].decoder);
  return decoders[i].decoder;
}

size_t ck_rans_decoder_all(const ck_rans_decoder **all, size_t capacity) {
  assert(all || capacity == 0);
  size_t count = 0;
  for (size_t i = 0; i < DECODERS && count < capacity; i++)
    if (ck_runs(decoders[i].needs)) all[count++] = decoders[i].decoder;
  return count;
}
