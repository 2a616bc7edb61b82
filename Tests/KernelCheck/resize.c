#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ck_resize.h"

enum { MOST_PIXELS = 70, MOST_TAPS = 24, PIXEL_RANGE = 256 };

// Windows that move on and reach both ends, with any weights that add up to 1: 2^22 of one pixel alone among them.
static ck_resize_filter make_filter(generator *g, int32_t pixels, size_t count, int32_t *starts, int32_t *lengths,
                                    int32_t *weights) {
  const int32_t most = next_int(g, 1, pixels < MOST_TAPS ? pixels : MOST_TAPS);
  const size_t taps = ((size_t)most + CK_RESIZE_GROUP - 1) / CK_RESIZE_GROUP * CK_RESIZE_GROUP;
  memset(weights, 0, count * taps * sizeof *weights);
  for (size_t i = 0; i < count; i++) {
    lengths[i] = next_int(g, 1, most);
    starts[i] = (int32_t)((uint64_t)(pixels - lengths[i]) * i / (count > 1 ? count - 1 : 1));
    int32_t left = 1 << CK_RESIZE_BITS;
    for (int32_t t = 0; t < lengths[i]; t++) {
      const int32_t weight = t + 1 == lengths[i] ? left : next_int(g, 0, left);
      weights[i * taps + (size_t)t] = weight;
      left -= weight;
    }
  }
  return (ck_resize_filter){.count = count, .taps = taps, .starts = starts, .lengths = lengths, .weights = weights};
}

// Ends at a page nobody may touch: kernels of resizing read no byte beyond an image.
static memory random_pixels(generator *g, size_t count) {
  memory m = take_memory(count, 1);
  uint8_t *to = m.data;
  for (size_t i = 0; i < count; i++) to[i] = next_int(g, 0, 3) ? (uint8_t)next_int(g, 0, PIXEL_RANGE - 1) : UINT8_MAX;
  return m;
}

static void check_row(const ck_resize_set *set, const ck_resize_set *scalar, const ck_resize_filter *f, size_t channels,
                      size_t pixels, const uint8_t *x) {
  output expected = take_output(f->count * channels), y = take_output(f->count * channels);
  (channels == 3 ? scalar->rgb_row : scalar->gray_row)(f, pixels, x, expected.data);
  (channels == 3 ? set->rgb_row : set->gray_row)(f, pixels, x, y.data);
  const int is_same = memcmp(y.data, expected.data, y.size) == 0 && !is_overrun(&y);
  tally(set->name, is_same, "%zu pixels of %zu channels to %zu, %zu taps", pixels, channels, f->count, f->taps);
  if (set == scalar) digest_bytes(expected.data, expected.size);
  give_back_output(&y);
  give_back_output(&expected);
}

static void check_columns(const ck_resize_set *set, const ck_resize_set *scalar, size_t n, const uint8_t *x,
                          const int32_t weights[2]) {
  output sums = take_output(n * sizeof(int32_t)), expected_sums = take_output(n * sizeof(int32_t));
  output y = take_output(n), expected = take_output(n);
  int32_t *const ours = sums.data, *const theirs = expected_sums.data;
  for (size_t i = 0; i < n; i++) ours[i] = theirs[i] = CK_RESIZE_HALF;
  for (size_t row = 0; row < 2; row++) {
    set->add_row(n, weights[row], x + row, ours);
    scalar->add_row(n, weights[row], x + row, theirs);
  }
  set->round_row(n, ours, y.data);
  scalar->round_row(n, theirs, expected.data);
  const int is_same = memcmp(ours, theirs, sums.size) == 0 && memcmp(y.data, expected.data, n) == 0 &&
                      !is_overrun(&sums) && !is_overrun(&y);
  tally(set->name, is_same, "columns of %zu", n);
  if (set == scalar) digest_bytes(expected.data, n);
  give_back_output(&expected);
  give_back_output(&y);
  give_back_output(&expected_sums);
  give_back_output(&sums);
}

void check_resize(const selection *s) {
  generator g = {.state = 4};
  const ck_resize_set *const scalar = ck_resize_set_for(0), *sets[8];
  const size_t set_count = ck_resize_set_all(sets, sizeof sets / sizeof sets[0]);
  int32_t *starts = malloc(MOST_PIXELS * sizeof *starts), *lengths = malloc(MOST_PIXELS * sizeof *lengths);
  int32_t *weights = malloc(MOST_PIXELS * MOST_TAPS * sizeof *weights);
  if (!starts || !lengths || !weights) exit(2);
  for (size_t round = 0; round < 600 / s->every; round++) {
    const int32_t pixels = next_int(&g, 1, MOST_PIXELS);
    const size_t count = (size_t)next_int(&g, 1, MOST_PIXELS);
    const ck_resize_filter f = make_filter(&g, pixels, count, starts, lengths, weights);
    const int32_t parts[2] = {next_int(&g, 0, 1 << 21), next_int(&g, 0, 1 << 21)};
    memory rgb = random_pixels(&g, 3 * (size_t)pixels), gray = random_pixels(&g, (size_t)pixels + 1);
    for (size_t i = 0; i < set_count; i++) {
      check_row(sets[i], scalar, &f, 3, (size_t)pixels, rgb.data);
      check_row(sets[i], scalar, &f, 1, (size_t)pixels, gray.data);
      check_columns(sets[i], scalar, (size_t)pixels, gray.data, parts);
    }
    give_back(&gray);
    give_back(&rgb);
  }
  free(weights);
  free(lengths);
  free(starts);
}
