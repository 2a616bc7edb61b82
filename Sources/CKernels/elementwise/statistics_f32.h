// Range and histogram over the vectors of the including file, ops_f32__<isa>.c: the inner loop of calibration.

static size_t min_max(size_t n, const float *x, float range[2]) {
  assert(x && range);
  const vf infinity = vf_set1(INFINITY), minus_infinity = vf_set1(-INFINITY);
  vf smallest = infinity, largest = minus_infinity;
  size_t finite = 0, i = 0;
  for (; i + VF_WIDTH <= n; i += VF_WIDTH) {
    const vf value = vf_load(x + i);
    const vm is_finite = vf_less(vf_abs(value), infinity);
    smallest = vf_min(vf_select(is_finite, value, infinity), smallest);
    largest = vf_max(vf_select(is_finite, value, minus_infinity), largest);
    finite += vm_count(is_finite);
  }
  float low[VF_WIDTH], high[VF_WIDTH];
  vf_store(low, smallest);
  vf_store(high, largest);
  range[0] = INFINITY, range[1] = -INFINITY;
  for (size_t j = 0; j < VF_WIDTH; j++) {
    range[0] = low[j] < range[0] ? low[j] : range[0];
    range[1] = high[j] > range[1] ? high[j] : range[1];
  }
  for (; i < n; i++) {
    if (!(__builtin_fabsf(x[i]) < INFINITY)) continue;
    range[0] = x[i] < range[0] ? x[i] : range[0];
    range[1] = x[i] > range[1] ? x[i] : range[1];
    finite++;
  }
  range[0] += 0.0f, range[1] += 0.0f;
  return n - finite;
}

// Counting one value must wait for the count before it where both fall into the same bin, as the zeros after a ReLU do.
// Four tables of 16-bit counts, taken in turn, shorten that wait; they are emptied before they could overflow.
#define TABLES 4
#define MOST_BINS ((size_t)2048)
#define MOST_IN_TABLES ((size_t)TABLES * 65504)

static void histogram(size_t n, const float *x, float inverse_width, int32_t base, size_t bins, uint32_t *counts) {
  assert(x && bins > 0 && counts);
  if (bins > MOST_BINS || n < 2 * bins) {
    ck_float_ops__scalar.histogram(n, x, inverse_width, base, bins, counts);
    return;
  }
  uint16_t tables[TABLES][MOST_BINS + 1];  // the bin after the last takes what is not finite
  const vf first = vf_set1((float)base), scale = vf_set1(inverse_width), last = vf_set1((float)(bins - 1));
  const vf zero = vf_set1(0.0f), infinity = vf_set1(INFINITY), nowhere = vf_set1((float)bins);
  const size_t whole = n - n % VF_WIDTH;
  for (size_t begin = 0; begin < whole; begin += MOST_IN_TABLES) {
    const size_t end = whole - begin < MOST_IN_TABLES ? whole : begin + MOST_IN_TABLES;
    for (size_t t = 0; t < TABLES; t++)
      for (size_t bin = 0; bin <= bins; bin++) tables[t][bin] = 0;
    for (size_t i = begin; i < end; i += VF_WIDTH) {
      const vf value = vf_load(x + i);
      const vf position = vf_min(last, vf_max(vf_sub(vf_floor(vf_mul(value, scale)), first), zero));
      int32_t bin[VF_WIDTH];
      vi_store(bin, vi_from_vf(vf_select(vf_less(vf_abs(value), infinity), position, nowhere)));
      for (size_t j = 0; j < VF_WIDTH; j += TABLES)
        for (size_t t = 0; t < TABLES; t++) tables[t][bin[j + t]]++;
    }
    for (size_t t = 0; t < TABLES; t++)
      for (size_t bin = 0; bin < bins; bin++) counts[bin] += tables[t][bin];
  }
  ck_float_ops__scalar.histogram(n - whole, x + whole, inverse_width, base, bins, counts);
}
