// How a row of depthwise outputs is cut, for instruction sets of four-byte groups; included by files that have defined
//
//   GROUP_SIZE                                                    bytes of a group of a block
//   row_of(taps, groups, stride, pixels, in, head, weights, out)  a row of common windows, weights in registers
//   tile(pixels, first, in, head, weights, out)                   up to 4 pixels of any window
static void row(size_t pixels, const dwconv_input *in, const void *head, const char *weights,
                const dwconv_output *out) {
  size_t x_step = in->groups * GROUP_SIZE, stride = in->pixel_step / x_step;
  if (in->tap_step == x_step && stride <= 2 && pixels >= 4) {
    if (in->taps == 3 && in->groups == 1) {
      if (stride == 1) row_of(3, 1, 1, pixels, in, head, weights, out);
      if (stride == 2) row_of(3, 1, 2, pixels, in, head, weights, out);
      return;
    }
    if (in->taps == 5 && in->groups == 2) {
      if (stride == 1) row_of(5, 2, 1, pixels, in, head, weights, out);
      if (stride == 2) row_of(5, 2, 2, pixels, in, head, weights, out);
      return;
    }
  }
  size_t i = 0;
  for (; i + 4 <= pixels; i += 4) tile(4, i, in, head, weights, out);
  switch (pixels - i) {
    case 1: tile(1, i, in, head, weights, out); break;
    case 2: tile(2, i, in, head, weights, out); break;
    case 3: tile(3, i, in, head, weights, out); break;
    default: break;
  }
}
