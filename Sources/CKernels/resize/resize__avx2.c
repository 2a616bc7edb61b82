// Resizing, four source pixels at a time.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "resize.h"

COMPILE_FOR(AVX2)

enum { BYTES_READ = 16, GROUP_BYTES = 3 * CK_RESIZE_GROUP };

// Products of a weight's 23 bits and a byte are put together from those of its lowest 8 bits and of the other 15, which
// fit the signed 16 bits vpmaddwd takes: sum = low + 256 * high, exactly.
static void rgb_row(const ck_resize_filter *f, size_t pixels, const uint8_t *x, uint8_t *y) {
  assert(is_resize_filter(f) && pixels > 0 && x && y);
  // Of pixels 0 and 1 in the lower half, 2 and 3 in the upper one: both reds, both greens, both blues, nothing.
  const __m256i colours = _mm256_setr_epi8(
      0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
      6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  const __m256i low_bits = _mm256_setr_epi8(
      0, -1, 4, -1, 0, -1, 4, -1, 0, -1, 4, -1, 0, -1, 4, -1,  //
      8, -1, 12, -1, 8, -1, 12, -1, 8, -1, 12, -1, 8, -1, 12, -1);
  const __m256i high_bits = _mm256_setr_epi8(
      1, 2, 5, 6, 1, 2, 5, 6, 1, 2, 5, 6, 1, 2, 5, 6, 9, 10, 13, 14, 9, 10, 13, 14, 9, 10, 13, 14, 9, 10, 13, 14);
  const __m128i half = _mm_set1_epi32(CK_RESIZE_HALF);
  for (size_t i = 0; i < f->count; i++) {
    const size_t groups = ((size_t)f->lengths[i] + CK_RESIZE_GROUP - 1) / CK_RESIZE_GROUP;
    const size_t first = 3 * (size_t)f->starts[i];
    if (first + (groups - 1) * GROUP_BYTES + BYTES_READ > 3 * pixels) {
      resize_pixel(f, i, 3, x, y);
      continue;
    }
    __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();
    for (size_t g = 0; g < groups; g++) {
      const void *const source = x + first + g * GROUP_BYTES;
      const void *const of_group = f->weights + i * f->taps + g * CK_RESIZE_GROUP;
      const __m256i bytes = _mm256_broadcastsi128_si256(_mm_loadu_si128(source));
      const __m256i weights = _mm256_broadcastsi128_si256(_mm_loadu_si128(of_group));
      const __m256i values = _mm256_shuffle_epi8(bytes, colours);
      low = _mm256_add_epi32(low, _mm256_madd_epi16(values, _mm256_shuffle_epi8(weights, low_bits)));
      high = _mm256_add_epi32(high, _mm256_madd_epi16(values, _mm256_shuffle_epi8(weights, high_bits)));
    }
    const __m256i sums = _mm256_add_epi32(low, _mm256_slli_epi32(high, 8));
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    sum = _mm_srai_epi32(_mm_add_epi32(sum, half), CK_RESIZE_BITS);
    sum = _mm_packus_epi16(_mm_packus_epi32(sum, sum), sum);
    const int32_t pixel = _mm_cvtsi128_si32(sum);
    // Four bytes in one store but at the end: the next pixel writes the last of them again.
    if (i + 1 < f->count) {
      memcpy(y + 3 * i, &pixel, 4);
    } else {
      memcpy(y + 3 * i, &pixel, 3);
    }
  }
}

static void add_row(size_t n, int32_t weight, const uint8_t *x, int32_t *sums) {
  assert(x && sums);
  resize_add_row(n, weight, x, sums);
}

static void round_row(size_t n, const int32_t *sums, uint8_t *y) {
  assert(sums && y);
  resize_round_row(n, sums, y);
}

const ck_resize_set ck_resize__avx2 = {
    .name = "resize__avx2",
    .rgb_row = rgb_row,
    .gray_row = ck_resize_gray_row__scalar,
    .add_row = add_row,
    .round_row = round_row,
};

END_COMPILE_FOR
#endif
