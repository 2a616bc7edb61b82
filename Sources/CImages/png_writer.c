// PNG files in memory, through libpng.
#include <string.h>

#include <png.h>

#include "CImages.h"

size_t cimages_write_png(const uint8_t *pixels, const cimages_header *header, uint8_t *bytes, size_t capacity) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = header->width;
  image.height = header->height;
  image.format = header->channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t count = capacity;
  if (!png_image_write_to_memory(&image, bytes, &count, 0, pixels, 0, NULL)) return 0;
  return count;
}
