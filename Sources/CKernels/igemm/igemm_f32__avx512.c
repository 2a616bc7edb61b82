// igemm_f32 with AVX-512: tiles of 8 x 48 and 14 x 32 leave a few of the 32 registers for weights and broadcasts.
#if defined(__x86_64__)
#include "common/compile.h"

COMPILE_FOR(AVX512)
#include "common/vec_f32__avx512.h"

#define F32_NAME(x) x##__avx512
#define F32_STRING(x) x "__avx512"
#define F32_NEEDS NEEDS_AVX512
#define F32_OPS ck_float_ops__avx512
#define IGEMM_ROWS1 14
#define IGEMM_ROWS2 14
#define IGEMM_ROWS3 8
#define IGEMM_PANEL 56
#define IGEMM_TILES                                                                                     \
  MULTIPLY_UP_TO_4(1) MULTIPLY_5_TO_6(1) MULTIPLY_7_TO_8(1) MULTIPLY_9_TO_12(1) MULTIPLY_13_TO_14(1)    \
  MULTIPLY_UP_TO_4(2) MULTIPLY_5_TO_6(2) MULTIPLY_7_TO_8(2) MULTIPLY_9_TO_12(2) MULTIPLY_13_TO_14(2)    \
  MULTIPLY_UP_TO_4(3) MULTIPLY_5_TO_6(3) MULTIPLY_7_TO_8(3)                                             \
  static multiply_function *const multiply_functions[3][14] = {                                         \
      {multiply_1x1, multiply_2x1, multiply_3x1, multiply_4x1, multiply_5x1, multiply_6x1, multiply_7x1, \
       multiply_8x1, multiply_9x1, multiply_10x1, multiply_11x1, multiply_12x1, multiply_13x1,          \
       multiply_14x1},                                                                                  \
      {multiply_1x2, multiply_2x2, multiply_3x2, multiply_4x2, multiply_5x2, multiply_6x2, multiply_7x2, \
       multiply_8x2, multiply_9x2, multiply_10x2, multiply_11x2, multiply_12x2, multiply_13x2,          \
       multiply_14x2},                                                                                  \
      {multiply_1x3, multiply_2x3, multiply_3x3, multiply_4x3, multiply_5x3, multiply_6x3, multiply_7x3, \
       multiply_8x3},                                                                                   \
  };

#include "igemm_f32.h"

END_COMPILE_FOR
#endif
