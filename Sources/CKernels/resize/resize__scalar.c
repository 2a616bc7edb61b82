// The definition of resizing.
#include "resize.h"

static void rgb_row(const ck_resize_filter *f, size_t pixels, const uint8_t *x, uint8_t *y) {
  assert(is_resize_filter(f) && pixels > 0 && x && y);
  for (size_t i = 0; i < f->count; i++) resize_pixel(f, i, 3, x, y);
}

void ck_resize_gray_row__scalar(const ck_resize_filter *f, size_t pixels, const uint8_t *x, uint8_t *y) {
  assert(is_resize_filter(f) && pixels > 0 && x && y);
  for (size_t i = 0; i < f->count; i++) resize_pixel(f, i, 1, x, y);
}

void ck_resize_add_row__scalar(size_t n, int32_t weight, const uint8_t *x, int32_t *sums) {
  assert(x && sums);
  resize_add_row(n, weight, x, sums);
}

void ck_resize_round_row__scalar(size_t n, const int32_t *sums, uint8_t *y) {
  assert(sums && y);
  resize_round_row(n, sums, y);
}

const ck_resize_set ck_resize__scalar = {
    .name = "resize__scalar",
    .rgb_row = rgb_row,
    .gray_row = ck_resize_gray_row__scalar,
    .add_row = ck_resize_add_row__scalar,
    .round_row = ck_resize_round_row__scalar,
};
