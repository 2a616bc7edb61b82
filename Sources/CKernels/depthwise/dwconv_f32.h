// Depthwise convolution (one input channel to one output channel), the body of dwconv_f32__<isa>.c, which includes its
// vectors and defines F32_NAME, F32_STRING, F32_NEEDS and F32_OPS as for igemm_f32.h.
//
// Vectors run over channels. Four neighbouring outputs at a time share every load of weights and, where windows overlap
// (undilated, 3 or 5 wide, stride 1 or 2), every load of inputs. A table of pointers says where a window reads: zeros
// outside the image, as in the definition. Outputs beyond the end of a row are computed and not stored.
//
// Packed weights: [1 + kernel_h * kernel_w][channels rounded up to a vector], the biases first.
#include <string.h>

#include "common/compile.h"
#include "common/contract.h"
#include "common/float_kernels.h"
#include "common/math_f32.h"

#pragma STDC FP_CONTRACT OFF

#define TOGETHER 4               // outputs that share weights
#define CHUNK ((size_t)128)      // channels of a unit where rows are few
#define FEW_ROWS 32

static int fits(const ck_conv_shape *s) { return s->groups == s->in_c && s->in_c == s->out_c; }

static size_t padded_channels(const ck_conv_shape *s) {
  return ck_round_up((size_t)s->out_c, VF_WIDTH);
}

static size_t packed_size(const ck_conv_shape *s) {
  return ck_round_up((1 + (size_t)s->kernel_h * (size_t)s->kernel_w) * padded_channels(s) * sizeof(float), CK_ALIGN);
}

static void pack(const ck_conv_shape *s, const float *weights, const float *bias, void *packed) {
  const size_t channels = (size_t)s->out_c, padded = padded_channels(s);
  const size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w;
  float *to = packed;
  memset(to, 0, packed_size(s));
  if (bias) memcpy(to, bias, channels * sizeof(float));
  for (size_t tap = 0; tap < taps; tap++)
    for (size_t c = 0; c < channels; c++) to[(1 + tap) * padded + c] = weights[c * taps + tap];
}

static size_t chunk_channels(const ck_conv_shape *s) { return s->out_h < FEW_ROWS ? CHUNK : (size_t)s->out_c; }
static size_t chunks(const ck_conv_shape *s) { return ck_ceil_div((size_t)s->out_c, chunk_channels(s)); }

static size_t units(const ck_conv_shape *s) { return (size_t)s->out_h * chunks(s); }

// Whether windows are taken pixel by pixel, each pixel serving all outputs that see it.
static int slides(const ck_conv_shape *s) {
  return s->dilation_w == 1 && (s->kernel_w == 3 || s->kernel_w == 5) && (s->stride_w == 1 || s->stride_w == 2);
}

// Pointers for one row of taps: the pixels under TOGETHER windows, or [tap][output].
static size_t row_pointers(const ck_conv_shape *s) {
  const size_t width = (size_t)s->kernel_w;
  return slides(s) ? (TOGETHER - 1) * (size_t)s->stride_w + width : TOGETHER * width;
}

// Scratch: zeros as long as a chunk, then the pointers.
static size_t zeros_bytes(const ck_conv_shape *s) {
  const size_t channels = chunk_channels(s) < (size_t)s->out_c ? chunk_channels(s) : (size_t)s->out_c;
  return ck_round_up((channels + VF_WIDTH) * sizeof(float), CK_ALIGN);
}

static size_t scratch_size(const ck_conv_shape *s) {
  return zeros_bytes(s) + ck_round_up((size_t)s->kernel_h * row_pointers(s) * sizeof(const float *), CK_ALIGN);
}

static void find_pointers(const ck_conv_shape *s, size_t y, size_t x, const float *image, const float *zeros,
                          const float **to) {
  const size_t count = row_pointers(s), channels = (size_t)s->in_c;
  const int sliding = slides(s);
  for (int32_t ky = 0; ky < s->kernel_h; ky++, to += count) {
    const int32_t iy = (int32_t)y * s->stride_h - s->pad_top + ky * s->dilation_h;
    const int32_t ix0 = (int32_t)x * s->stride_w - s->pad_left;
    const float *row = image + (size_t)(iy < 0 || iy >= s->in_h ? 0 : iy) * (size_t)s->in_w * channels;
    for (size_t i = 0; i < count; i++) {
      const int32_t tap = (int32_t)(i / TOGETHER), output = (int32_t)(i % TOGETHER);
      const int32_t ix = ix0 + (sliding ? (int32_t)i : tap * s->dilation_w + output * s->stride_w);
      const int inside = iy >= 0 && iy < s->in_h && ix >= 0 && ix < s->in_w;
      to[i] = inside ? row + (size_t)ix * channels : zeros;
    }
  }
}

// One tile of outputs: TOGETHER neighbours, of which `outputs` are stored.
typedef struct {
  const float *const *from;  // [kernel_h][row_pointers], each at the chunk's first channel
  const float *weights;      // biases of the chunk first
  size_t padded;             // floats from one tap's weights to the next
  size_t kernel_h, kernel_w;
  size_t outputs;
  float *output;
  size_t stride;             // floats from one output to the next
  vf lo, hi;
} tile;

ALWAYS void start(const tile *t, size_t c, const int vectors, vf sum[TOGETHER][2]) {
  UNROLL for (int j = 0; j < vectors; j++) {
    const vf bias = vf_load(t->weights + c + j * VF_WIDTH);
    UNROLL for (int i = 0; i < TOGETHER; i++) sum[i][j] = bias;
  }
}

ALWAYS void finish(const tile *t, size_t c, const int vectors, size_t lanes, vf sum[TOGETHER][2]) {
  UNROLL for (size_t i = 0; i < TOGETHER; i++) {
    if (i >= t->outputs) break;
    float *y = t->output + i * t->stride + c;
    UNROLL for (int j = 0; j < vectors; j++) {
      const vf result = vf_clip(sum[i][j], t->lo, t->hi);
      if (lanes == VF_WIDTH)
        vf_store(y + j * VF_WIDTH, result);
      else
        vf_store_first(y + j * VF_WIDTH, result, lanes);
    }
  }
}

ALWAYS vf load_lanes(const float *x, size_t lanes) {
  return lanes == VF_WIDTH ? vf_load(x) : vf_load_first(x, lanes);
}

// `vectors` vectors of channels from channel c on, tap by tap. `lanes` channels of a vector are used.
ALWAYS void any_window(const tile *t, size_t c, const int vectors, size_t lanes) {
  vf sum[TOGETHER][2];
  start(t, c, vectors, sum);
  const float *w = t->weights + t->padded + c;
  const float *const *from = t->from;
  for (size_t tap = 0; tap < t->kernel_h * t->kernel_w; tap++, w += t->padded, from += TOGETHER)
    UNROLL for (int j = 0; j < vectors; j++) {
      const vf weight = vf_load(w + j * VF_WIDTH);
      UNROLL for (int i = 0; i < TOGETHER; i++)
        sum[i][j] = vf_fma(load_lanes(from[i] + c + j * VF_WIDTH, lanes), weight, sum[i][j]);
    }
  finish(t, c, vectors, lanes, sum);
}

// The same pixel by pixel: pixel p is tap p - i * step of output i. Pixels go up, and so do the taps of an output.
ALWAYS void sliding_window(const tile *t, size_t c, const int vectors, size_t lanes, const int width,
                                  const int step) {
  vf sum[TOGETHER][2];
  start(t, c, vectors, sum);
  const float *w = t->weights + t->padded + c;
  const float *const *from = t->from;
  const int pixels = (TOGETHER - 1) * step + width;
  for (size_t ky = 0; ky < t->kernel_h; ky++, w += (size_t)width * t->padded, from += pixels) {
    vf weight[5][2];
    UNROLL for (int kx = 0; kx < width; kx++)
      UNROLL for (int j = 0; j < vectors; j++) weight[kx][j] = vf_load(w + (size_t)kx * t->padded + j * VF_WIDTH);
    UNROLL for (int pixel = 0; pixel < pixels; pixel++)
      UNROLL for (int j = 0; j < vectors; j++) {
        const vf x = load_lanes(from[pixel] + c + j * VF_WIDTH, lanes);
        UNROLL for (int i = 0; i < TOGETHER; i++) {
          const int kx = pixel - i * step;
          if (kx >= 0 && kx < width) sum[i][j] = vf_fma(x, weight[kx][j], sum[i][j]);
        }
      }
  }
  finish(t, c, vectors, lanes, sum);
}

// All channels of a tile: two vectors at a time, then one, then part of one.
#define TILE(name, call, ...)                                                                         \
  static void name(const tile *t, size_t channels) {                                                  \
    size_t c = 0;                                                                                     \
    for (; c + 2 * VF_WIDTH <= channels; c += 2 * VF_WIDTH) call(t, c, 2, VF_WIDTH, ##__VA_ARGS__);   \
    if (c + VF_WIDTH <= channels) {                                                                   \
      call(t, c, 1, VF_WIDTH, ##__VA_ARGS__);                                                         \
      c += VF_WIDTH;                                                                                  \
    }                                                                                                 \
    if (c < channels) call(t, c, 1, channels - c, ##__VA_ARGS__);                                     \
  }
TILE(any_tile, any_window)
TILE(tile_3_step_1, sliding_window, 3, 1)
TILE(tile_3_step_2, sliding_window, 3, 2)
TILE(tile_5_step_1, sliding_window, 5, 1)
TILE(tile_5_step_2, sliding_window, 5, 2)

static void run(const ck_conv_shape *s, const void *packed, const ck_activation *activation, const float *input,
                float *output, size_t begin, size_t end, void *scratch) {
  assert(ck_is_shape(s) && fits(s) && packed && activation && input && output && ck_is_aligned(scratch));
  assert(ck_is_range(begin, end, units(s)));
  const size_t channels = (size_t)s->in_c, out_w = (size_t)s->out_w;
  void (*compute)(const tile *, size_t) = any_tile;
  if (slides(s) && s->kernel_w == 3) compute = s->stride_w == 1 ? tile_3_step_1 : tile_3_step_2;
  if (slides(s) && s->kernel_w == 5) compute = s->stride_w == 1 ? tile_5_step_1 : tile_5_step_2;
  float *zeros = scratch;
  const float **from = (const float **)((char *)scratch + zeros_bytes(s));
  memset(zeros, 0, zeros_bytes(s));
  tile t = {
      .from = from,
      .padded = padded_channels(s),
      .kernel_h = (size_t)s->kernel_h,
      .kernel_w = (size_t)s->kernel_w,
      .stride = channels,
      .lo = vf_set1(f32_lower(*activation)),
      .hi = vf_set1(f32_upper(*activation)),
  };
  for (size_t unit = begin; unit < end; unit++) {
    // Down the image chunk by chunk: the rows that neighbouring outputs share are still in the first cache.
    const size_t y = unit % (size_t)s->out_h, first = unit / (size_t)s->out_h * chunk_channels(s);
    const size_t count = channels - first < chunk_channels(s) ? channels - first : chunk_channels(s);
    t.weights = (const float *)packed + first;
    for (size_t x = 0; x < out_w; x += TOGETHER) {
      t.outputs = out_w - x < TOGETHER ? out_w - x : TOGETHER;
      t.output = output + (y * out_w + x) * channels + first;
      find_pointers(s, y, x, input + first, zeros, from);
      compute(&t, count);
      if (f32_is_clip(*activation)) continue;
      for (size_t i = 0; i < t.outputs; i++)
        F32_OPS.unary(*activation, count, t.output + i * channels, t.output + i * channels);
    }
  }
}

const ck_conv_f32_kernel F32_NAME(ck_dwconv_f32) = {
    F32_STRING("dwconv_f32"), F32_NEEDS, fits, packed_size, pack, units, scratch_size, run,
};
