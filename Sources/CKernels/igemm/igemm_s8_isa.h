// What one instruction set brings to the implicit-GEMM convolution of igemm_s8.h: its register blocking, and what its
// tiles read and write.
#pragma once
#include "common/int8_kernels.h"

// Most instruction sets have a dot product of 4 bytes, and so take them as a step.
enum { IGEMM_MAX_VECTORS = 4, IGEMM_MAX_ROWS = 16, IGEMM_STEP = 4, IGEMM_MAX_STEP = 8 };

/// What a tile does with its accumulators.
typedef struct {
  int is_plain;      ///< int8, and every scaled accumulator is within int32
  int is_floored;    ///< the same, ck_is_floored, and ck_can_floor for every channel
  int is_small;      ///< the same as is_plain, and ck_is_small for every channel
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
