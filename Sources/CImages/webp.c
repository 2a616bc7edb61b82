// WebP through libwebp: RGB, alpha dropped, not composited. libwebp is loaded when the first such file is met: programs
// that meet none need none.
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "CImages.h"

// As webp/decode.h declares them since version 0.2; the name of the library stands for this interface.

#define WEBP_DECODER_ABI_VERSION 0x0200

enum { VP8_STATUS_OK, VP8_STATUS_OUT_OF_MEMORY, VP8_STATUS_NOT_ENOUGH_DATA = 7 };

typedef struct {
  int width;
  int height;
  int has_alpha;
  int has_animation;
  int format;
  uint32_t pad[5];
} WebPBitstreamFeatures;

static struct {
  int (*WebPGetFeaturesInternal)(const uint8_t *, size_t, WebPBitstreamFeatures *, int);
  uint8_t *(*WebPDecodeRGBInto)(const uint8_t *, size_t, uint8_t *, size_t, int);
} webp;

static int is_loaded;
static pthread_once_t loading = PTHREAD_ONCE_INIT;

static void load(void) {
  // Never closed: the functions are used as long as the program runs.
  void *library = dlopen("libwebp.so.7", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  *(void **)&webp.WebPGetFeaturesInternal = dlsym(library, "WebPGetFeaturesInternal");
  *(void **)&webp.WebPDecodeRGBInto = dlsym(library, "WebPDecodeRGBInto");
  is_loaded = webp.WebPGetFeaturesInternal && webp.WebPDecodeRGBInto;
}

static cimages_status fail(cimages_status status, const char *text, char *message) {
  snprintf(message, CIMAGES_MESSAGE_SIZE, "%s", text);
  return status;
}

cimages_status cimages_read_webp_header(const uint8_t *bytes, size_t count, cimages_header *header, char *message) {
  pthread_once(&loading, load);
  if (!is_loaded) {
    const char *remedy = "libwebp.so.7, which cannot be loaded: install it (apt-get install libwebp7)";
    return fail(CIMAGES_NO_LIBRARY, remedy, message);
  }
  // "RIFF", the size of all that follows, "WEBP"
  const size_t size = count < 8 ? 0 : bytes[4] | bytes[5] << 8 | bytes[6] << 16 | (size_t)bytes[7] << 24;
  if (count < 8 || size > count - 8) return fail(CIMAGES_CORRUPT, "the file ends early", message);
  WebPBitstreamFeatures features = {0};
  switch (webp.WebPGetFeaturesInternal(bytes, count, &features, WEBP_DECODER_ABI_VERSION)) {
    case VP8_STATUS_OK: break;
    case VP8_STATUS_OUT_OF_MEMORY: return fail(CIMAGES_NO_MEMORY, "not enough memory", message);
    case VP8_STATUS_NOT_ENOUGH_DATA: return fail(CIMAGES_CORRUPT, "the file ends early", message);
    default: return fail(CIMAGES_CORRUPT, "its header makes no sense", message);
  }
  if (features.width <= 0 || features.height <= 0) return fail(CIMAGES_CORRUPT, "it has no pixels", message);
  if (features.has_animation) {
    return fail(CIMAGES_UNSUPPORTED, "an animation; save the frame you want as an image of its own", message);
  }
  header->width = (uint32_t)features.width;
  header->height = (uint32_t)features.height;
  header->channels = 3;
  // An image of one colour takes no bit for a pixel.
  header->can_be_whole = 1;
  return CIMAGES_OK;
}

cimages_status cimages_read_webp(const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels,
                                 char *message) {
  cimages_header found = {0};
  const cimages_status status = cimages_read_webp_header(bytes, count, &found, message);
  if (status != CIMAGES_OK) return status;
  if (memcmp(&found, header, sizeof found) != 0) return fail(CIMAGES_CORRUPT, "the header changed", message);
  const size_t stride = (size_t)header->width * 3;
  // A width has at most 24 bits: the stride fits an int.
  if (!webp.WebPDecodeRGBInto(bytes, count, pixels, stride * header->height, (int)stride)) {
    return fail(CIMAGES_CORRUPT, "its pixels cannot be decoded", message);
  }
  return CIMAGES_OK;
}
