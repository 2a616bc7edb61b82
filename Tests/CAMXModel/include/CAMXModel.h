// The AMX convolution kernel on a software model of AMX, for machines without it.
#pragma once
#include "ck_int8.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The kernel's source compiled against the model; NULL where it does not compile. Its requantization needs
/// AVX-512-VNNI.
const ck_conv_s8_kernel *amx_model_kernel(void);

/// The model: each thread's 8 tiles, as the processor documentation describes palette 1. What raises a fault there
/// ends the process here, with a message.
void amx_model_configure(const void *configuration);
void amx_model_release(void);
void amx_model_load(unsigned tile, const void *from, size_t stride);
void amx_model_store(unsigned tile, void *to, size_t stride);
void amx_model_dot(unsigned c, unsigned a, unsigned b);

/// Instructions this thread has run since it last asked.
typedef struct {
  size_t configurations, releases, loads, stores, dots;
  size_t dot_rows;  ///< rows of the products' first operands, all together
} amx_model_counts;
amx_model_counts amx_model_take_counts(void);

#ifdef __cplusplus
}
#endif
