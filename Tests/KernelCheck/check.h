// What the parts of the kernel checker share: operands, memory that notices being overrun, and the tally.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernel_cases.h"

/// SplitMix64: the same numbers everywhere.
typedef struct {
  uint64_t state;
} generator;
uint64_t next_bits(generator *g);
int32_t next_int(generator *g, int32_t lo, int32_t hi);  ///< lo...hi
float next_float(generator *g, float lo, float hi);

/// Memory that ends at a page nobody may touch, its first byte aligned as asked.
typedef struct {
  void *data;
  size_t size;
  void *mapping;
  size_t mapped;
} memory;
memory take_memory(size_t size, size_t alignment);
void give_back(memory *m);

/// `count` values of int8 in lo...127, or floats, followed by the CK_PAD bytes kernels may read.
memory random_bytes(generator *g, size_t count, int32_t lo);
memory random_floats(generator *g, size_t count, float bound);

/// An output between patterns: CK_PAD bytes of them on both sides, which kernels may read but not write.
typedef struct {
  memory memory;
  void *data;
  size_t size;
} output;
output take_output(size_t size);
int is_overrun(const output *o);
void give_back_output(output *o);

/// Whether float results are the same bits, NaN being like NaN.
int same_floats(const float *a, const float *b, size_t count);

/// Takes results of scalar kernels into the digest that is printed at the end: it must be the same on all processors.
/// NaN is like NaN.
void digest_bytes(const void *data, size_t size);
void digest_floats(const float *data, size_t count);

/// Counts a comparison of `kernel`; where it failed, prints the words that say what was computed (a format for printf).
void tally(const char *kernel, int is_right, const char *format, ...) __attribute__((format(printf, 3, 4)));

/// Where to go through a list of cases.
typedef struct {
  size_t every;          ///< each every-th case of a list
  int with_model_layers;
} selection;

/// Each compares all kernels of its kind that run here with the scalar ones.
void check_conv_s8(const selection *s);
void check_ops_s8(const selection *s);
void check_conv_f32(const selection *s);
void check_ops_f32(const selection *s);
void check_rans(const selection *s);
void check_resize(const selection *s);
