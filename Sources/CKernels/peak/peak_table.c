// The one list of peak loops, and which is chosen for some features.
#include "choice/complete.h"
#include "peak.h"

// In order of preference: the first that has the features it needs is taken. The last needs nothing.
static const ck_peak *const f32_peaks[] = {
#if defined(__x86_64__)
    &ck_peak_f32__avx512, &ck_peak_f32__avx2,
#elif defined(__aarch64__)
    &ck_peak_f32__neon,
#endif
    &ck_peak_f32__scalar,
};

static const ck_peak *const s8_peaks[] = {
#if defined(__x86_64__)
    &ck_peak_s8__amx, &ck_peak_s8__avx512vnni, &ck_peak_s8__avxvnni, &ck_peak_s8__avx2,
#elif defined(__aarch64__)
    &ck_peak_s8__neoni8mm, &ck_peak_s8__neondot, &ck_peak_s8__neon,
#endif
    &ck_peak_s8__scalar,
};

static const ck_peak *first(const ck_peak *const *peaks, ck_features features) {
  while ((*peaks)->needs & ~features) peaks++;
  ck_require_complete((*peaks)->name, &(*peaks)->name, sizeof(*peaks)->name);
  ck_require_complete((*peaks)->name, &(*peaks)->run, sizeof(*peaks)->run);
  return *peaks;
}

const ck_peak *ck_peak_f32_for(ck_features features) { return first(f32_peaks, features); }

const ck_peak *ck_peak_s8_for(ck_features features) { return first(s8_peaks, features); }

size_t ck_peak_all(const ck_peak **peaks, size_t capacity) {
  size_t count = 0;
  for (size_t i = 0; i < sizeof f32_peaks / sizeof f32_peaks[0] && count < capacity; i++)
    if (ck_runs(f32_peaks[i]->needs)) peaks[count++] = f32_peaks[i];
  for (size_t i = 0; i < sizeof s8_peaks / sizeof s8_peaks[0] && count < capacity; i++)
    if (ck_runs(s8_peaks[i]->needs)) peaks[count++] = s8_peaks[i];
  return count;
}
