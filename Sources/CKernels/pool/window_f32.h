// Pooling over the vectors of the including file, ops_f32__<isa>.c, after ops_f32.h.

// The taps of a window that lie inside the image: [first, end) along one axis.
typedef struct {
  int32_t first, end;
} taps;

static taps taps_inside(int32_t origin, int32_t kernel, int32_t dilation, int32_t size) {
  taps t = {0, kernel};
  while (t.first < kernel && origin + t.first * dilation < 0) t.first++;
  while (t.end > t.first && origin + (t.end - 1) * dilation >= size) t.end--;
  return t;
}

// Goes through the windows of rows [row_begin, row_end): a vector of channels at a time, window positions in order.
ALWAYS void pool(const int average, const ck_conv_shape *s, int count_include_pad, const float *input,
                        float *output, size_t row_begin, size_t row_end) {
  const size_t channels = (size_t)s->in_c, row = (size_t)s->in_w * channels;
  const size_t step_y = (size_t)s->dilation_h * row, step_x = (size_t)s->dilation_w * channels;
  for (size_t y = row_begin; y < row_end; y++) {
    const int32_t iy = (int32_t)y * s->stride_h - s->pad_top;
    const taps ty = taps_inside(iy, s->kernel_h, s->dilation_h, s->in_h);
    for (int32_t x = 0; x < s->out_w; x++) {
      const int32_t ix = x * s->stride_w - s->pad_left;
      const taps tx = taps_inside(ix, s->kernel_w, s->dilation_w, s->in_w);
      const int32_t inside = (ty.end - ty.first) * (tx.end - tx.first);
      const vf count = vf_set1((float)(count_include_pad ? s->kernel_h * s->kernel_w : inside));
      float *to = output + (y * (size_t)s->out_w + (size_t)x) * channels;
      const float *corner = input;
      if (inside > 0)
        corner += (size_t)(iy + ty.first * s->dilation_h) * row + (size_t)(ix + tx.first * s->dilation_w) * channels;
      for (size_t c = 0; c < channels; c += VF_WIDTH) {
        const size_t lanes = channels - c < VF_WIDTH ? channels - c : VF_WIDTH;
        vf value = vf_set1(average ? 0.0f : -INFINITY);
        for (int32_t ky = 0; ky < ty.end - ty.first; ky++)
          for (int32_t kx = 0; kx < tx.end - tx.first; kx++) {
            const float *from = corner + (size_t)ky * step_y + (size_t)kx * step_x + c;
            const vf next = lanes == VF_WIDTH ? vf_load(from) : vf_load_first(from, lanes);
            value = average ? vf_add(value, next) : larger(value, next);
          }
        if (average) value = inside > 0 || count_include_pad ? vf_div(value, count) : vf_set1(0.0f);
        if (lanes == VF_WIDTH)
          vf_store(to + c, value);
        else
          vf_store_first(to + c, value, lanes);
      }
    }
  }
}

static void max_pool(const ck_conv_shape *s, const float *input, float *output, size_t row_begin, size_t row_end) {
  assert(ck_is_shape(s) && input && output && ck_is_range(row_begin, row_end, (size_t)s->out_h));
  pool(0, s, 0, input, output, row_begin, row_end);
}

static void average_pool(const ck_conv_shape *s, int count_include_pad, const float *input, float *output,
                         size_t row_begin, size_t row_end) {
  assert(ck_is_shape(s) && input && output && ck_is_range(row_begin, row_end, (size_t)s->out_h));
  pool(1, s, count_include_pad, input, output, row_begin, row_end);
}

static void global_average(size_t positions, size_t channels, const float *input, float *output) {
  assert(positions > 0 && channels > 0 && input && output);
  const vf count = vf_set1((float)positions);
  size_t c = 0;
  for (; c + 4 * VF_WIDTH <= channels; c += 4 * VF_WIDTH) {
    vf sum[4];
    for (int j = 0; j < 4; j++) sum[j] = vf_set1(0.0f);
    for (size_t p = 0; p < positions; p++)
      for (int j = 0; j < 4; j++) sum[j] = vf_add(sum[j], vf_load(input + p * channels + c + j * VF_WIDTH));
    for (int j = 0; j < 4; j++) vf_store(output + c + j * VF_WIDTH, vf_div(sum[j], count));
  }
  for (; c < channels; c += VF_WIDTH) {
    const size_t lanes = channels - c < VF_WIDTH ? channels - c : VF_WIDTH;
    vf sum = vf_set1(0.0f);
    for (size_t p = 0; p < positions; p++) sum = vf_add(sum, vf_load_first(input + p * channels + c, lanes));
    vf_store_first(output + c, vf_div(sum, count), lanes);
  }
}
