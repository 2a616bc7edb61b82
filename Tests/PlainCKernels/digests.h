// Digests of each kernel's results where they were compared with CKernels; main.c prints those of a machine. After a
// change of operands: what the tests print, once nothing differs from CKernels.
#ifndef DIGESTS_H
#define DIGESTS_H

#include <stdint.h>

static const struct {
  const char *name;
  uint64_t digest;
} digests[] = {
    {"conv_s8, 1x1", UINT64_C(0x87839d86fe528a99)},
    {"conv_s8_f32", UINT64_C(0x0862233caae314bd)},
    {"conv_s8, windows", UINT64_C(0xed906111e0d65de2)},
    {"conv_s8, groups", UINT64_C(0x31aa18d71a8688b9)},
    {"dwconv_s8", UINT64_C(0x59903db5b274da67)},
    {"add_s8", UINT64_C(0xd4286d709adb1979)},
    {"mul_rows_s8", UINT64_C(0x521f4826d470566f)},
    {"lut_s8", UINT64_C(0xf44cc25e1a756ecb)},
    {"requantize_rows_s8", UINT64_C(0x30fd5bcfe63af022)},
    {"quantize_s8", UINT64_C(0xbfe7412dc998dc55)},
    {"quantize_planes_s8", UINT64_C(0x141ea9c16b1e5d6d)},
    {"global_average_s8", UINT64_C(0x74be5328d220b4a3)},
    {"dequantize_s8", UINT64_C(0x56ab4050f67436fb)},
    {"max_pool_s8", UINT64_C(0x512ca7552f0fd24a)},
    {"average_pool_s8", UINT64_C(0x20b49c89d47bd4bc)},
    {"fma", UINT64_C(0x494c8932224ce3ca)},
    {"identity", UINT64_C(0xc93efcd91ea4b320)},
    {"clip", UINT64_C(0xb9561c4126fb4708)},
    {"sigmoid", UINT64_C(0x21d7b54665cfc6ae)},
    {"silu", UINT64_C(0x793abe33331b28ae)},
    {"tanh", UINT64_C(0xc58d20b9edbbbdff)},
    {"hard_sigmoid", UINT64_C(0xa6f83a5ee29f41fc)},
    {"hard_swish", UINT64_C(0xa7a79c8e03278d81)},
    {"leaky_relu", UINT64_C(0x73636a2b0688cc9c)},
    {"elu", UINT64_C(0xba0e855c3953858b)},
    {"gelu", UINT64_C(0x1793717552a7d3c2)},
    {"erf", UINT64_C(0x9546e78a8ae270d1)},
    {"exp", UINT64_C(0x5300cf4ba300dbf4)},
    {"softplus", UINT64_C(0xed644fa66aa11ad1)},
    {"mish", UINT64_C(0xe75fc5cd978e590c)},
    {"log", UINT64_C(0x7248112e07826e74)},
    {"sqrt", UINT64_C(0xdb6a25944ca166aa)},
    {"abs", UINT64_C(0x663974ea43659edd)},
    {"neg", UINT64_C(0xaee0faa19bfacf74)},
    {"reciprocal", UINT64_C(0x7191ab24da5509e7)},
    {"floor", UINT64_C(0x6abb3075624252d1)},
    {"ceil", UINT64_C(0x80b06f0d88b4908a)},
    {"selu", UINT64_C(0x53a4bc6cede41426)},
    {"sign", UINT64_C(0xed58ae82378396a5)},
    {"round", UINT64_C(0x48d91e3c27d49461)},
    {"binary_rows_f32", UINT64_C(0xcf33be72acec590e)},
    {"add_f32", UINT64_C(0x3612f87ef4c17581)},
    {"scale_shift_f32", UINT64_C(0x5e3fb7387867f1f7)},
    {"global_average_f32", UINT64_C(0xfca6555ac45c8989)},
    {"softmax_f32", UINT64_C(0x3c23d7e004764724)},
    {"transpose32", UINT64_C(0x77a746b7b51c22ce)},
    {"transpose8", UINT64_C(0x901707e5de6640a2)},
    {"max_pool_f32", UINT64_C(0x40d5aa71dc08b8f3)},
    {"average_pool_f32", UINT64_C(0xaba6730d65383cd5)},
    {"conv_f32", UINT64_C(0x221faef0415551e5)},
    {"dwconv_f32", UINT64_C(0x00e53d3ec7f93cdf)},
};

#endif
