// igemm_f32 with NEON: tiles of 6 x 12 and 9 x 8. Four steps are made at a time, with 4 floats of each row in a
// register, from which multiply-adds pick theirs by lane; larger tiles do not leave enough of the 32 registers for
// that. Four steps of a 6 x 12 tile are 72 multiply-adds from 18 loads.
#if defined(__aarch64__)
#include "common/vec_f32__neon.h"

#define F32_NAME(x) x##__neon
#define F32_STRING(x) x "__neon"
#define F32_NEEDS NEEDS_NEON
#define F32_OPS ck_float_ops__neon
#define IGEMM_ROWS1 12
#define IGEMM_ROWS2 9
#define IGEMM_ROWS3 6
#define IGEMM_PANEL 54
#define IGEMM_TILES                                                                                     \
  MULTIPLY_UP_TO_4(1) MULTIPLY_5_TO_6(1) MULTIPLY_7_TO_8(1) MULTIPLY_9_TO_12(1)                         \
  MULTIPLY_UP_TO_4(2) MULTIPLY_5_TO_6(2) MULTIPLY_7_TO_8(2) MULTIPLY(9, 2)                              \
  MULTIPLY_UP_TO_4(3) MULTIPLY_5_TO_6(3)                                                                \
  static multiply_function *const multiply_functions[3][14] = {                                         \
      {multiply_1x1, multiply_2x1, multiply_3x1, multiply_4x1, multiply_5x1, multiply_6x1, multiply_7x1, \
       multiply_8x1, multiply_9x1, multiply_10x1, multiply_11x1, multiply_12x1},                        \
      {multiply_1x2, multiply_2x2, multiply_3x2, multiply_4x2, multiply_5x2, multiply_6x2, multiply_7x2, \
       multiply_8x2, multiply_9x2},                                                                     \
      {multiply_1x3, multiply_2x3, multiply_3x3, multiply_4x3, multiply_5x3, multiply_6x3},             \
  };

#include "igemm_f32.h"
#endif
