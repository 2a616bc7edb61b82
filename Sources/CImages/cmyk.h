#pragma once
#include <stddef.h>
#include <stdint.h>

/// Pixels of cyan, magenta, yellow and black, each beginning `stride` bytes after the one before, as red, green, blue.
/// `paper` is the value of a colour of which there is none: 0, or 255 where they are stored inverted.
///
/// No colour profile, but what Pillow's convert("RGB") does: white less the black, less the colour's share of that.
static inline void cimages_inks_to_rgb(const uint8_t *inks, size_t stride, uint8_t paper, size_t count, uint8_t *rgb) {
  for (size_t i = 0; i < count; i++, inks += stride, rgb += 3) {
    const unsigned light = 255 - (inks[3] ^ paper);
    for (int channel = 0; channel < 3; channel++) {
      // Division by 255, rounded.
      const unsigned product = (inks[channel] ^ paper) * light + 128;
      rgb[channel] = (uint8_t)(light - ((product + (product >> 8)) >> 8));
    }
  }
}
