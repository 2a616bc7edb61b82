// Implicit-GEMM convolution: what is common to all instruction sets.
//
// The output pixels of one image are the rows of a matrix product, the output channels its columns. A tile is a few
// rows times one block of columns, accumulated in registers. No im2col matrix is built: a tile reads its input through
// a table of pointers, one for every tap and row, which lead into the image or, outside of it, to a row of zero points.
//
// Taps are kernel positions, each a run of in_c / groups bytes. Where channels are few, a whole kernel row is one tap
// (kernel_w * in_c contiguous bytes); pixels at the border then read a patch copied to scratch.
//
// Runs are read in steps of a few bytes, so up to one byte less too far: their weights are zero.
#pragma once
#include "common/int8_kernels.h"

// Most instruction sets have a dot product of 4 bytes, and so take them as a step.
enum { IGEMM_MAX_VECTORS = 4, IGEMM_MAX_ROWS = 16, IGEMM_STEP = 4, IGEMM_MAX_STEP = 8 };

/// What a tile does with its accumulators.
typedef struct {
  int is_plain;      ///< int8, and every scaled accumulator is within int32
  int is_floored;    ///< the same, ck_is_floored, and ck_can_floor for every channel
  int8_t *s8;        ///< first output of the tile, or NULL
  float *f32;        ///< the same for float32 output
  size_t stride;     ///< outputs from one row to the next
  size_t columns;    ///< valid columns of the block
  int32_t zero_point, lo, hi;
} igemm_output;

/// Computes one tile: `rows` holds [taps][rows of the tile] pointers, `block` is a packed block of columns.
typedef void (*igemm_tile)(size_t taps, size_t steps, const int8_t *const *rows, const void *block,
                           const igemm_output *output);

/// Register blocking of one instruction set.
typedef struct {
  size_t lanes;                          ///< int32 accumulators in a vector
  size_t step;                           ///< bytes of a row, and weights of a column, in a step: 2, 4 or 8
  size_t vectors;                        ///< most vectors in a block of columns
  size_t rows[IGEMM_MAX_VECTORS + 1];    ///< rows of a full tile, by vectors in the widest block
  int32_t input_offset;                  ///< what the tile adds to activations (128 where it makes them unsigned)
  size_t weight_size;                    ///< bytes of a packed weight: 1, or 2 in steps of 4
  /// Bytes of a step of a row once it is converted, and the conversion of `steps` of them, made once for all blocks;
  /// 0 and NULL where tiles read int8.
  size_t converted_step;
  void (*convert)(size_t steps, const int8_t *row, void *converted);
  const igemm_tile (*tiles)[IGEMM_MAX_ROWS];  ///< [vectors - 1][rows - 1]
  /// Looks results up, in place: `rows` of `columns`, `stride` apart.
  void (*look_up)(size_t rows, size_t columns, size_t stride, const int8_t *lut, int8_t *y);
} igemm_isa;

size_t igemm_s8_packed_size(const igemm_isa *isa, const ck_conv_shape *shape);
void igemm_s8_pack(const igemm_isa *isa, const ck_conv_shape *shape, const int8_t *weights, const int32_t *bias,
                   const float *multiplier, int32_t input_zero_point, void *packed);
size_t igemm_s8_units(const igemm_isa *isa, const ck_conv_shape *shape);
size_t igemm_s8_scratch(const igemm_isa *isa, const ck_conv_shape *shape);
void igemm_s8_run(const igemm_isa *isa, const ck_conv_shape *shape, const void *packed, const ck_conv_s8_output *output,
                  const int8_t *input, size_t begin, size_t end, void *scratch);

/// The column of a block held by lane `lane` of vector `vector` where the block has `vectors` vectors. It is the order
/// in which x86 narrowing leaves its results, 128-bit groups of 4 lanes, vector by vector. Vectors of 4 lanes are in
/// order.
static inline size_t igemm_column(size_t vectors, size_t vector, size_t lane) {
  return 4 * vectors * (lane / 4) + 4 * vector + lane % 4;
}

/// The parts of a packed block: int32 bias and float32 multipliers in lane order, then weights [tap][step][lane][byte].
static inline const int32_t *igemm_bias(const void *block) { return block; }
static inline const float *igemm_multiplier(const void *block, size_t width) {
  return (const float *)((const char *)block + width * sizeof(int32_t));
}
static inline const int8_t *igemm_weights(const void *block, size_t width) {
  return (const int8_t *)block + width * (sizeof(int32_t) + sizeof(float));
}

/// Writes the accumulators [row][vector][lane] of a tile one by one, whatever they are: float32, or int8 beyond int32.
void igemm_store_each(const igemm_isa *isa, size_t vectors, size_t rows, const int32_t *acc, const void *block,
                      const igemm_output *output);

/// Defines the functions of a ck_conv_s8_kernel for a blocking, and the kernel itself.
#define IGEMM_DEFINE_KERNEL(symbol, label, level, blocking)                                                           \
  static int fits(const ck_conv_shape *s) {                                                                           \
    (void)s;                                                                                                          \
    return 1;                                                                                                         \
  }                                                                                                                   \
  static size_t packed_size(const ck_conv_shape *s) { return igemm_s8_packed_size(&blocking, s); }                    \
  static void pack(const ck_conv_shape *s, const int8_t *w, const int32_t *b, const float *m, int32_t z, void *p) {   \
    igemm_s8_pack(&blocking, s, w, b, m, z, p);                                                                       \
  }                                                                                                                   \
  static size_t units(const ck_conv_shape *s) { return igemm_s8_units(&blocking, s); }                                \
  static size_t scratch(const ck_conv_shape *s) { return igemm_s8_scratch(&blocking, s); }                            \
  static void run(const ck_conv_shape *s, const void *p, const ck_conv_s8_output *o, const int8_t *x, size_t begin,   \
                  size_t end, void *t) {                                                                              \
    igemm_s8_run(&blocking, s, p, o, x, begin, end, t);                                                               \
  }                                                                                                                   \
  const ck_conv_s8_kernel symbol = {.name = label,                                                                    \
                                    .isa = level,                                                                     \
                                    .fits = fits,                                                                     \
                                    .packed_size = packed_size,                                                       \
                                    .pack = pack,                                                                     \
                                    .units = units,                                                                   \
                                    .scratch = scratch,                                                               \
                                    .run = run}
