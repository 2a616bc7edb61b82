// Operands for the kernels: the same bits on every machine, whatever its arithmetic is like.
#ifndef OPERANDS_H
#define OPERANDS_H

#include <stdint.h>
#include <stdlib.h>

#include "dc_common.h"

/// SplitMix64.
static uint64_t state;

static uint64_t next_bits(void) {
  uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/// lo...hi
static int32_t next_int(int32_t lo, int32_t hi) {
  return lo + (int32_t)((next_bits() >> 33) % (uint64_t)(hi - lo + 1));
}

/// Either sign, a magnitude of at least 2^lo and below 2^(hi + 1).
static float next_float(int32_t lo, int32_t hi) {
  const uint64_t bits = next_bits();
  return dc_from_bits((uint32_t)(next_int(lo, hi) + 127) << 23 | ((uint32_t)bits & 0x807fffff));
}

/// A multiplier that brings sums of `taps` products into the range of int8, most of the time; now and then a power of
/// two, which puts sums exactly between two integers.
static float next_multiplier(int32_t taps) {
  int32_t exponent = -6;
  for (; taps > 1; taps /= 4) exponent--;
  exponent += next_int(-2, 1);
  const uint32_t significand = next_int(0, 2) ? (uint32_t)next_bits() & 0x7fffff : 0;
  return dc_from_bits((uint32_t)(exponent + 127) << 23 | significand);
}

static int32_t next_zero_point(void) {
  static const int32_t some[] = {-128, 127, 0, -1, 3};
  const int32_t i = next_int(0, 6);
  return i < 5 ? some[i] : next_int(-128, 127);
}

enum { GUARD = 64, PATTERN = 0xa5 };

/// Memory of a size that is exactly that large for sanitizers. Never NULL.
static void *take(size_t size) {
  void *memory = malloc(size ? size : 1);
  if (!memory) exit(3);
  return memory;
}

static int8_t *next_bytes(int32_t count, int32_t lo, int32_t hi) {
  int8_t *bytes = take((size_t)count + DC_PAD);
  for (int32_t i = 0; i < count; i++) bytes[i] = (int8_t)next_int(lo, hi);
  memset(bytes + count, 77, DC_PAD);
  return bytes;
}

static float *next_floats(int32_t count, int32_t lo, int32_t hi) {
  float *floats = take((size_t)count * sizeof(float) + DC_PAD);
  for (int32_t i = 0; i < count; i++) floats[i] = next_float(lo, hi);
  memset(floats + count, 77, DC_PAD);
  return floats;
}

/// An output between patterns that must stay.
typedef struct {
  unsigned char *memory;
  size_t size;
  void *data;
} output;

static output take_output(size_t size) {
  output o;
  o.memory = take(size + 2 * GUARD);
  o.size = size;
  o.data = o.memory + GUARD;
  memset(o.memory, PATTERN, size + 2 * GUARD);
  return o;
}

static int is_overrun(const output *o) {
  for (size_t i = 0; i < GUARD; i++)
    if (o->memory[i] != PATTERN || o->memory[GUARD + o->size + i] != PATTERN) return 1;
  return 0;
}

#endif
