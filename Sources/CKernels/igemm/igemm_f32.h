// Convolution as an implicit matrix product, the body of igemm_f32__<isa>.c. That file includes its vectors and defines
//   F32_NAME(x)                 x with the instruction set's name attached
//   IGEMM_ROWS1, 2, 3           rows of a register tile that is 1, 2, 3 vectors wide
//   IGEMM_PANEL                 pixels of a panel
//
// Rows of the product are output pixels, columns output channels, and the depth runs over segments: runs of input
// floats that lie one after the other, found through a table of pointers instead of being copied out. A segment is the
// channels of one tap, or, where they are few, the channels of a whole row of taps. Register tiles take `rows` pixels
// times up to three vectors of channels through the whole depth, each accumulator starting from its bias: one chain per
// output.
//
// Packed weights: for every group, for every block of 1 to 3 vectors of channels: biases, then [depth][block] weights.
#include <string.h>

#include "common/compile.h"
#include "common/contract.h"
#include "common/float_kernels.h"
#include "common/math_f32.h"

#pragma STDC FP_CONTRACT OFF

// Below this many channels a tap is too short a segment, and a row of taps is taken.
#define FEW_CHANNELS 24
// Weights above this many bytes do not stay in a second-level cache while panels go by.
#define CACHED_WEIGHTS ((size_t)512 * 1024)

typedef struct {
  size_t depth, out_channels;       // of one group
  size_t blocks;                    // of one group
  size_t wide, two;                 // how many blocks are 3 and 2 vectors wide; they come in this order
  size_t pixels, panels;
  size_t segments, segment;         // number and floats of one
  int row_segments;                 // a segment is a row of taps
  int blocks_outside;               // units walk through panels first, blocks second
} plan;

static plan make_plan(const ck_conv_shape *s) {
  plan p;
  const size_t channels = (size_t)(s->in_c / s->groups), taps = (size_t)s->kernel_h * (size_t)s->kernel_w;
  p.depth = taps * channels;
  p.out_channels = (size_t)(s->out_c / s->groups);
  const size_t vectors = ck_ceil_div(p.out_channels, VF_WIDTH);
  // Threes and twos, as a block one vector wide does less work for each input it loads.
  p.wide = IGEMM_ROWS3 ? vectors / 3 : 0;
  if (p.wide > 0 && vectors % 3 == 1) p.wide--;
  p.two = (vectors - 3 * p.wide) / 2;
  p.blocks = p.wide + p.two + (vectors - 3 * p.wide) % 2;
  p.pixels = (size_t)s->out_h * (size_t)s->out_w;
  p.panels = ck_ceil_div(p.pixels, IGEMM_PANEL);
  p.row_segments = s->groups == 1 && s->dilation_w == 1 && s->kernel_w > 1 && channels < FEW_CHANNELS;
  p.segments = p.row_segments ? (size_t)s->kernel_h : taps;
  p.segment = p.depth / p.segments;
  const size_t weights = vectors * VF_WIDTH * p.depth * sizeof(float) * (size_t)s->groups;
  p.blocks_outside = weights > CACHED_WEIGHTS && weights > (size_t)s->in_h * (size_t)s->in_w * (size_t)s->in_c * 4;
  return p;
}

static size_t block_width(const plan *p, size_t block) {
  return VF_WIDTH * (block < p->wide ? 3 : block < p->wide + p->two ? 2 : 1);
}

static size_t block_channel(const plan *p, size_t block) {
  const size_t two = block > p->wide ? block - p->wide : 0;
  return VF_WIDTH * (two > 0 ? 3 * p->wide + 2 * two : 3 * block);
}

static size_t padded_channels(const plan *p) { return block_channel(p, p->blocks - 1) + block_width(p, p->blocks - 1); }

static int fits(const ck_conv_shape *s) {
  (void)s;
  return 1;
}

static size_t packed_size(const ck_conv_shape *s) {
  const plan p = make_plan(s);
  return ck_round_up((size_t)s->groups * padded_channels(&p) * (1 + p.depth) * sizeof(float), CK_ALIGN);
}

static void pack(const ck_conv_shape *s, const float *weights, const float *bias, void *packed) {
  const plan p = make_plan(s);
  const size_t channels = (size_t)(s->in_c / s->groups), taps = p.depth / channels;
  float *to = packed;
  for (size_t group = 0; group < (size_t)s->groups; group++)
    for (size_t block = 0; block < p.blocks; block++) {
      const size_t width = block_width(&p, block), first = block_channel(&p, block);
      const size_t used = p.out_channels - first < width ? p.out_channels - first : width;
      const size_t o = group * p.out_channels + first;
      memset(to, 0, width * (1 + p.depth) * sizeof(float));
      if (bias) memcpy(to, bias + o, used * sizeof(float));
      to += width;
      for (size_t i = 0; i < used; i++)
        for (size_t c = 0; c < channels; c++)
          for (size_t tap = 0; tap < taps; tap++)
            to[(tap * channels + c) * width + i] = weights[((o + i) * channels + c) * taps + tap];
      to += width * p.depth;
    }
}

static size_t units(const ck_conv_shape *s) {
  const plan p = make_plan(s);
  return p.panels * p.blocks * (size_t)s->groups;
}

// Scratch: the pointers [segment][pixel of the panel], a segment of zeros, and, with row segments, copies of those that
// cross the border of the image.
static size_t table_bytes(const plan *p) {
  return ck_round_up(p->segments * IGEMM_PANEL * sizeof(const float *), CK_ALIGN);
}
static size_t segment_bytes(const plan *p) { return ck_round_up(p->segment * sizeof(float), CK_ALIGN); }

static size_t scratch_size(const ck_conv_shape *s) {
  const plan p = make_plan(s);
  const size_t copies = p.row_segments ? p.segments * IGEMM_PANEL : 0;
  return table_bytes(&p) + (1 + copies) * segment_bytes(&p);
}

// The segments of one kernel row for neighbouring pixels of an output row, the first of which reads from column ix on.
static void find_row_segments(const ck_conv_shape *s, const plan *p, const float *row, int32_t ix, size_t pixels,
                              const float *zeros, char *copies, const float **to) {
  const size_t in_c = (size_t)s->in_c;
  for (size_t i = 0; i < pixels; i++, ix += s->stride_w) {
    if (ix >= 0 && ix + s->kernel_w <= s->in_w) {
      to[i] = row + (size_t)ix * in_c;
      continue;
    }
    const int32_t skipped = ix < 0 ? -ix : 0, rest = s->in_w - ix;
    const int32_t end = rest < s->kernel_w ? rest : s->kernel_w;
    float *copy = (float *)(copies + i * segment_bytes(p));
    memcpy(copy, zeros, p->segment * sizeof(float));
    if (skipped < end)
      memcpy(copy + (size_t)skipped * in_c, row + (size_t)(ix + skipped) * in_c,
             (size_t)(end - skipped) * in_c * sizeof(float));
    to[i] = copy;
  }
}

// The same for one tap.
static void find_tap_segments(const ck_conv_shape *s, const float *row, int32_t ix, size_t pixels, const float *zeros,
                              const float **to) {
  const size_t in_c = (size_t)s->in_c;
  for (size_t i = 0; i < pixels; i++, ix += s->stride_w)
    to[i] = ix >= 0 && ix < s->in_w ? row + (size_t)ix * in_c : zeros;
}

// Where a panel's segments begin.
static void find_segments(const ck_conv_shape *s, const plan *p, size_t group, size_t first_pixel, const float *input,
                          char *scratch) {
  const float **table = (const float **)scratch;
  const float *zeros = (const float *)(scratch + table_bytes(p));
  char *copies = scratch + table_bytes(p) + segment_bytes(p);
  const size_t row_floats = (size_t)s->in_w * (size_t)s->in_c, out_w = (size_t)s->out_w;
  const size_t count = p->pixels - first_pixel < IGEMM_PANEL ? p->pixels - first_pixel : IGEMM_PANEL;
  input += group * (size_t)(s->in_c / s->groups);
  // The panel in runs of pixels that lie in one output row.
  for (size_t done = 0, run; done < count; done += run) {
    const size_t y = (first_pixel + done) / out_w, x = (first_pixel + done) % out_w;
    run = out_w - x < count - done ? out_w - x : count - done;
    const int32_t iy0 = (int32_t)y * s->stride_h - s->pad_top, ix0 = (int32_t)x * s->stride_w - s->pad_left;
    const float **to = table + done;
    for (int32_t ky = 0; ky < s->kernel_h; ky++) {
      const int32_t iy = iy0 + ky * s->dilation_h;
      const int inside = iy >= 0 && iy < s->in_h;
      const float *row = input + (inside ? (size_t)iy : 0) * row_floats;
      const size_t segments = p->row_segments ? 1 : (size_t)s->kernel_w;
      for (size_t kx = 0; kx < segments; kx++, to += IGEMM_PANEL) {
        if (!inside)
          for (size_t i = 0; i < run; i++) to[i] = zeros;
        else if (p->row_segments)
          find_row_segments(s, p, row, ix0, run, zeros,
                            copies + ((size_t)ky * IGEMM_PANEL + done) * segment_bytes(p), to);
        else
          find_tap_segments(s, row, ix0 + (int32_t)kx * s->dilation_w, run, zeros, to);
      }
    }
  }
}

typedef struct {
  const float *const *table;  // of the tile's first pixel
  size_t segments, segment;
  const float *weights;       // biases first
  float *output;
  size_t stride;              // floats from one pixel of the output to the next
  size_t last;                // lanes of the last vector that are channels
  float lo, hi;
} tile;

// One step of a tile, where multiply-adds take a lane of the rows in `a`.
#define MULTIPLY_LANE(lane)                                                                  \
  UNROLL for (int j = 0; j < vectors; j++, w += VF_WIDTH) {                                  \
    const vf b = vf_load(w);                                                                 \
    UNROLL for (int r = 0; r < rows; r++) sum[r][j] = vf_fma_lane(a[r], lane, b, sum[r][j]); \
  }

// One register tile.
ALWAYS void multiply(const tile *t, const int rows, const int vectors) {
  vf sum[14][3];
  const float *w = t->weights;
  UNROLL for (int j = 0; j < vectors; j++) {
    const vf bias = vf_load(w + j * VF_WIDTH);
    UNROLL for (int r = 0; r < rows; r++) sum[r][j] = bias;
  }
  w += vectors * VF_WIDTH;
  const float *const *from = t->table;
  for (size_t i = 0; i < t->segments; i++, from += IGEMM_PANEL) {
    const float *x[14];
    UNROLL for (int r = 0; r < rows; r++) x[r] = from[r];
    size_t c = 0;
#ifdef vf_fma_lane
    for (; c + VF_WIDTH <= t->segment; c += VF_WIDTH) {
      vf a[14];
      UNROLL for (int r = 0; r < rows; r++) a[r] = vf_load(x[r] + c);
      MULTIPLY_LANE(0)
      MULTIPLY_LANE(1)
      MULTIPLY_LANE(2)
      MULTIPLY_LANE(3)
    }
#else
#pragma clang loop unroll_count(4)
#endif
    for (; c < t->segment; c++) {
      vf b[3];
      UNROLL for (int j = 0; j < vectors; j++) b[j] = vf_load(w + j * VF_WIDTH);
      UNROLL for (int r = 0; r < rows; r++) {
        const vf a = vf_set1(x[r][c]);
        UNROLL for (int j = 0; j < vectors; j++) sum[r][j] = vf_fma(a, b[j], sum[r][j]);
      }
      w += vectors * VF_WIDTH;
    }
  }
  const vf lo = vf_set1(t->lo), hi = vf_set1(t->hi);
  float *y = t->output;
  UNROLL for (int r = 0; r < rows; r++, y += t->stride) {
    UNROLL for (int j = 0; j < vectors - 1; j++) vf_store(y + j * VF_WIDTH, vf_clip(sum[r][j], lo, hi));
    vf_store_first(y + (vectors - 1) * VF_WIDTH, vf_clip(sum[r][vectors - 1], lo, hi), t->last);
  }
}

typedef void multiply_function(const tile *t);

#define MULTIPLY(rows, vectors) \
  static void multiply_##rows##x##vectors(const tile *t) { multiply(t, rows, vectors); }
#define MULTIPLY_UP_TO_4(vectors) MULTIPLY(1, vectors) MULTIPLY(2, vectors) MULTIPLY(3, vectors) MULTIPLY(4, vectors)
#define MULTIPLY_5_TO_6(vectors) MULTIPLY(5, vectors) MULTIPLY(6, vectors)
#define MULTIPLY_7_TO_8(vectors) MULTIPLY(7, vectors) MULTIPLY(8, vectors)
#define MULTIPLY_9_TO_12(vectors) MULTIPLY(9, vectors) MULTIPLY(10, vectors) MULTIPLY(11, vectors) MULTIPLY(12, vectors)
#define MULTIPLY_13_TO_14(vectors) MULTIPLY(13, vectors) MULTIPLY(14, vectors)

IGEMM_TILES

static void run(const ck_conv_shape *s, const void *packed, const ck_activation *activation, const float *input,
                float *output, size_t begin, size_t end, void *scratch) {
  assert(ck_is_shape(s) && packed && activation && input && output && ck_is_aligned(scratch));
  assert(ck_is_range(begin, end, units(s)));
  const plan p = make_plan(s);
  const size_t out_c = (size_t)s->out_c, columns = p.blocks * (size_t)s->groups;
  const int clip = f32_is_clip(*activation);
  const float *const *table = scratch;
  memset((char *)scratch + table_bytes(&p), 0, segment_bytes(&p));
  size_t prepared_panel = SIZE_MAX, prepared_group = SIZE_MAX;
  for (size_t unit = begin; unit < end; unit++) {
    const size_t panel = p.blocks_outside ? unit % p.panels : unit / columns;
    const size_t column = p.blocks_outside ? unit / p.panels : unit % columns;
    const size_t group = column / p.blocks, block = column % p.blocks, first_pixel = panel * IGEMM_PANEL;
    if (panel != prepared_panel || group != prepared_group) {
      find_segments(s, &p, group, first_pixel, input, scratch);
      prepared_panel = panel;
      prepared_group = group;
    }
    const size_t channel = block_channel(&p, block), width = block_width(&p, block), vectors = width / VF_WIDTH;
    const size_t used = p.out_channels - channel < width ? p.out_channels - channel : width;
    const size_t pixels = p.pixels - first_pixel < IGEMM_PANEL ? p.pixels - first_pixel : IGEMM_PANEL;
    const size_t most = vectors == 3 ? IGEMM_ROWS3 : vectors == 2 ? IGEMM_ROWS2 : IGEMM_ROWS1;
    tile t = {
        .segments = p.segments,
        .segment = p.segment,
        .weights = (const float *)packed + (group * padded_channels(&p) + channel) * (1 + p.depth),
        .stride = out_c,
        .last = used - (vectors - 1) * VF_WIDTH,
        .lo = f32_lower(*activation),
        .hi = f32_upper(*activation),
    };
    // Tiles of nearly equal height instead of full ones and a thin rest.
    const size_t tiles = ck_ceil_div(pixels, most);
    for (size_t i = 0, done = 0; i < tiles; i++) {
      const size_t rows = ck_ceil_div(pixels - done, tiles - i);
      t.table = table + done;
      t.output = output + (first_pixel + done) * out_c + group * p.out_channels + channel;
      multiply_functions[vectors - 1][rows - 1](&t);
      if (!clip)
        for (size_t r = 0; r < rows; r++)
          F32_OPS.unary(*activation, used, t.output + r * out_c, t.output + r * out_c);
      done += rows;
    }
  }
}

const ck_conv_f32_kernel F32_NAME(ck_igemm_f32) = {
    F32_STRING("igemm_f32"), F32_NEEDS, fits, packed_size, pack, units, scratch_size, run,
};
