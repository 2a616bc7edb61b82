// How a depthwise convolution is cut into blocks of channels, strips of pixels and units of work, and how its packed
// weights lie.
#pragma once
#include "dwconv_s8_isa.h"

enum { DWCONV_LANE_SIZE = 4 };  // bytes of the slots of a lane

// Packed: a header with a row of `width` zero points, then the blocks.
enum { DWCONV_MAX_WIDTH = 64 };
typedef struct {
  int8_t zeros[DWCONV_MAX_WIDTH];
  int32_t is_wild;  // some scaled accumulator may not fit int32
  int32_t must_convert;  // ck_is_small does not hold for some channel
} dwconv_header;
enum { DWCONV_HEADER_SIZE = 2 * CK_ALIGN };

typedef struct {
  size_t channels, blocks;
  size_t groups, rows;  // groups of slots, and output rows they serve
  size_t row_units;
  size_t column_size;   // bytes of an interleaved column
  size_t strip;         // output pixels held at a time
  size_t columns;       // input columns under a strip
  size_t head_size, row_size, block_size;  // bytes packed: bias and multipliers, weights of one output row, all
} dwconv_plan;

dwconv_plan dwconv_make_plan(const dwconv_isa *isa, const ck_conv_shape *shape);
