// igemm_f32 with AVX2 and FMA: tiles of 6 x 16, and 12 x 8 where eight channels are left.
#if defined(__x86_64__)
#include "common/compile.h"

COMPILE_FOR(AVX2)
#include "common/vec_f32__avx2.h"

#define F32_NAME(x) x##__avx2
#define F32_STRING(x) x "__avx2"
#define F32_NEEDS NEEDS_AVX2
#define F32_OPS ck_float_ops__avx2
#define IGEMM_ROWS1 12
#define IGEMM_ROWS2 6
#define IGEMM_ROWS3 0
#define IGEMM_PANEL 60
#define IGEMM_TILES                                                                                     \
  MULTIPLY_UP_TO_4(1) MULTIPLY_5_TO_6(1) MULTIPLY_7_TO_8(1) MULTIPLY_9_TO_12(1)                         \
  MULTIPLY_UP_TO_4(2) MULTIPLY_5_TO_6(2)                                                                \
  static multiply_function *const multiply_functions[3][14] = {                                         \
      {multiply_1x1, multiply_2x1, multiply_3x1, multiply_4x1, multiply_5x1, multiply_6x1, multiply_7x1, \
       multiply_8x1, multiply_9x1, multiply_10x1, multiply_11x1, multiply_12x1},                        \
      {multiply_1x2, multiply_2x2, multiply_3x2, multiply_4x2, multiply_5x2, multiply_6x2},             \
  };

#include "igemm_f32.h"

END_COMPILE_FOR
#endif
