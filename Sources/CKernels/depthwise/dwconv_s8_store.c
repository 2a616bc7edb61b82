// Depthwise convolution: results of a row that vectors do not write.
#include "dwconv_s8_isa.h"
#include "requantize/requantize__scalar.h"

#pragma STDC FP_CONTRACT OFF

void dwconv_store_each(const dwconv_isa *isa, size_t first, size_t pixels, const int32_t *acc, const void *head,
                       const dwconv_output *out) {
  const float *multiplier = (const float *)head + isa->width;
  for (size_t p = 0; p < pixels; p++)
    for (size_t lane = 0; lane < isa->width; lane++, acc++) {
      if (isa->channel(lane) >= out->columns) continue;
      float t = (float)*acc * multiplier[lane];
      size_t at = (first + p) * out->stride + isa->channel(lane);
      if (out->f32)
        out->f32[at] = t;
      else
        out->s8[at] = ck_round_clamp(t, out->zero_point, out->lo, out->hi);
    }
}
