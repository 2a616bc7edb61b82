// What the parts of the checker share: the tally of comparisons, and digests of results.
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

#include "operands.h"

/// With the definitions of CKernels, each kernel is compared with its own there; without them its digest counts.
#if defined(WITH_CKERNELS)
#include "ck_float.h"
#include "ck_int8.h"
#define DEFINED_BY(...) __VA_ARGS__
enum { IS_COMPARED = 1 };
#else
#define DEFINED_BY(...)
enum { IS_COMPARED = 0 };
#endif

typedef struct {
  const char *name;
  int32_t cases, wrong;
  uint64_t digest;
} tally;

static tally tallies[64];
static int32_t tally_count;

static tally *tally_of(const char *name) {
  for (int32_t i = 0; i < tally_count; i++)
    if (strcmp(tallies[i].name, name) == 0) return &tallies[i];
  if (tally_count == (int32_t)(sizeof tallies / sizeof *tallies)) exit(3);
  tally *t = &tallies[tally_count++];
  t->name = name;
  t->digest = UINT64_C(0xcbf29ce484222325);
  return t;
}

static void say_wrong(tally *t, const char *what, int32_t case_number) {
  if (++t->wrong <= 3) printf("%s: case %ld %s\n", t->name, (long)case_number, what);
}

/// Takes a kernel's output in, and gives its memory back. `expected` is what the definition gives, if that is there.
static void check_bytes(const char *name, output o, const void *expected) {
  tally *t = tally_of(name);
  const unsigned char *bytes = o.data;
  for (size_t i = 0; i < o.size; i++) t->digest = (t->digest ^ bytes[i]) * UINT64_C(0x100000001b3);
  if (is_overrun(&o)) say_wrong(t, "writes outside its output", t->cases);
  if (IS_COMPARED && memcmp(expected, o.data, o.size) != 0) say_wrong(t, "differs from CKernels", t->cases);
  t->cases++;
  free(o.memory);
}

/// The same of floats, of which a NaN is as good as another.
static void check_floats(const char *name, output o, const float *expected) {
  tally *t = tally_of(name);
  int differs = 0;
  for (size_t i = 0; i < o.size / sizeof(float); i++) {
    float y;
    memcpy(&y, (char *)o.data + i * sizeof y, sizeof y);
    const uint32_t bits = y != y ? 0x7fc00000 : dc_bits(y);
    for (int32_t shift = 0; shift < 32; shift += 8)
      t->digest = (t->digest ^ (bits >> shift & 0xff)) * UINT64_C(0x100000001b3);
    if (IS_COMPARED) differs |= bits != (expected[i] != expected[i] ? 0x7fc00000 : dc_bits(expected[i]));
  }
  if (is_overrun(&o)) say_wrong(t, "writes outside its output", t->cases);
  if (differs) say_wrong(t, "differs from CKernels", t->cases);
  t->cases++;
  free(o.memory);
}

/// A window over an image, with its padding, strides and dilations. Channels are the caller's.
static dc_window next_window(int32_t most_kernel) {
  dc_window w;
  w.kernel_h = next_int(1, most_kernel), w.kernel_w = next_int(0, 2) ? w.kernel_h : next_int(1, most_kernel);
  w.stride_h = next_int(1, 3), w.stride_w = next_int(0, 2) ? w.stride_h : next_int(1, 3);
  w.dilation_h = next_int(0, 3) ? 1 : 2, w.dilation_w = next_int(0, 3) ? 1 : next_int(1, 3);
  const int32_t reach_h = (w.kernel_h - 1) * w.dilation_h, reach_w = (w.kernel_w - 1) * w.dilation_w;
  w.pad_top = next_int(0, 1) ? reach_h / 2 : next_int(0, reach_h);
  w.pad_left = next_int(0, 1) ? reach_w / 2 : next_int(0, reach_w);
  const int32_t pad_bottom = next_int(0, reach_h), pad_right = next_int(0, reach_w);
  do {
    w.in_h = next_int(1, 14), w.in_w = next_int(1, 14);
  } while (w.in_h + w.pad_top + pad_bottom <= reach_h || w.in_w + w.pad_left + pad_right <= reach_w);
  w.out_h = (w.in_h + w.pad_top + pad_bottom - reach_h - 1) / w.stride_h + 1;
  w.out_w = (w.in_w + w.pad_left + pad_right - reach_w - 1) / w.stride_w + 1;
  w.in_c = w.out_c = w.groups = 1;
  return w;
}

#if defined(WITH_CKERNELS)
static ck_conv_shape shape_of(const dc_window *w) {
  ck_conv_shape s;
  memcpy(&s, w, sizeof s);
  return s;
}
_Static_assert(sizeof(ck_conv_shape) == sizeof(dc_window), "shapes differ");
#endif

#endif
