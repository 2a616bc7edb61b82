#define _GNU_SOURCE  // MAP_ANONYMOUS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#pragma STDC FP_CONTRACT OFF  // the same operands everywhere

uint64_t next_bits(generator *g) {
  uint64_t z = g->state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

int32_t next_int(generator *g, int32_t lo, int32_t hi) {
  uint64_t range = (uint64_t)((int64_t)hi - lo + 1);
  return (int32_t)(lo + (int64_t)((next_bits(g) >> 32) * range >> 32));
}

float next_float(generator *g, float lo, float hi) {
  float unit = (float)(next_bits(g) >> 40) * 0x1p-24f;
  return lo + (hi - lo) * unit;
}

memory take_memory(size_t size, size_t alignment) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t used = (size + alignment - 1) / alignment * alignment, whole = (used + page - 1) / page * page;
  memory m = {.size = size, .mapped = whole + page};
  m.mapping = mmap(NULL, m.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (m.mapping == MAP_FAILED || mprotect((char *)m.mapping + whole, page, PROT_NONE) != 0) {
    fprintf(stderr, "kernel_check: no memory\n");
    exit(2);
  }
  m.data = (char *)m.mapping + whole - used;
  return m;
}

void give_back(memory *m) { munmap(m->mapping, m->mapped); }

memory random_bytes(generator *g, size_t count, int32_t lo) {
  memory m = take_memory(count + CK_PAD, 1);
  int8_t *to = m.data;
  for (size_t i = 0; i < count; i++) to[i] = (int8_t)next_int(g, lo, 127);
  memset(to + count, 77, CK_PAD);
  return m;
}

memory random_floats(generator *g, size_t count, float bound) {
  memory m = take_memory(count * sizeof(float) + CK_PAD, sizeof(float));
  float *to = m.data;
  for (size_t i = 0; i < count; i++) to[i] = next_float(g, -bound, bound);
  memset(to + count, 77, CK_PAD);
  return m;
}

enum { PATTERN = 0xa5 };

output take_output(size_t size) {
  output o = {.memory = take_memory(size + 2 * CK_PAD, sizeof(float)), .size = size};
  memset(o.memory.data, PATTERN, size + 2 * CK_PAD);
  o.data = (char *)o.memory.data + CK_PAD;
  return o;
}

int is_overrun(const output *o) {
  const unsigned char *before = o->memory.data, *after = (const unsigned char *)o->data + o->size;
  int is_changed = 0;
  for (size_t i = 0; i < CK_PAD; i++) is_changed |= before[i] != PATTERN || after[i] != PATTERN;
  return is_changed;
}

void give_back_output(output *o) { give_back(&o->memory); }

int same_floats(const float *a, const float *b, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (memcmp(a + i, b + i, sizeof *a) != 0 && !(a[i] != a[i] && b[i] != b[i])) return 0;
  return 1;
}
