// TIFF through libtiff, from memory: the first page, 8 bits per channel (of 16 the upper ones), gray or RGB, alpha
// dropped. libtiff is loaded when the first such file is met: it brings ten further libraries, which would make every
// start a millisecond longer. What libtiff warns of is not printed; its errors become messages.
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImages.h"
#include "cmyk.h"

// As tiffio.h and tiff.h of libtiff 4.5 declare them, the oldest with the name libtiff.so.6. Older ones have handlers
// of errors for the whole process only, which are not ours to set.

typedef struct tiff TIFF;
typedef struct TIFFOpenOptions TIFFOpenOptions;
typedef int64_t tmsize_t;
typedef int (*TIFFErrorHandlerExtR)(TIFF *, void *, const char *, const char *, va_list);

enum {
  TIFFTAG_IMAGEWIDTH = 256,
  TIFFTAG_IMAGELENGTH = 257,
  TIFFTAG_BITSPERSAMPLE = 258,
  TIFFTAG_COMPRESSION = 259,
  TIFFTAG_PHOTOMETRIC = 262,
  TIFFTAG_SAMPLESPERPIXEL = 277,
  TIFFTAG_STRIPBYTECOUNTS = 279,
  TIFFTAG_PLANARCONFIG = 284,
  TIFFTAG_COLORMAP = 320,
  TIFFTAG_TILEWIDTH = 322,
  TIFFTAG_TILELENGTH = 323,
  TIFFTAG_TILEBYTECOUNTS = 325,
  TIFFTAG_EXTRASAMPLES = 338,
  TIFFTAG_SAMPLEFORMAT = 339,
  TIFFTAG_JPEGCOLORMODE = 65538,
};
enum { COMPRESSION_NONE = 1, COMPRESSION_LZW = 5, COMPRESSION_JPEG = 7, COMPRESSION_ADOBE_DEFLATE = 8 };
enum { COMPRESSION_PACKBITS = 32773, COMPRESSION_DEFLATE = 32946 };
enum { MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE, SEPARATED = 5, YCBCR };
enum { EXTRA_ASSOCIATED_ALPHA = 1, SAMPLEFORMAT_UINT = 1, PLANARCONFIG_SEPARATE = 2, JPEGCOLORMODE_RGB = 1 };

#define FUNCTIONS(X)                                                                                               \
  X(TIFFOpenOptions *, TIFFOpenOptionsAlloc, (void))                                                               \
  X(void, TIFFOpenOptionsFree, (TIFFOpenOptions *))                                                                \
  X(void, TIFFOpenOptionsSetMaxSingleMemAlloc, (TIFFOpenOptions *, tmsize_t))                                      \
  X(void, TIFFOpenOptionsSetErrorHandlerExtR, (TIFFOpenOptions *, TIFFErrorHandlerExtR, void *))                   \
  X(void, TIFFOpenOptionsSetWarningHandlerExtR, (TIFFOpenOptions *, TIFFErrorHandlerExtR, void *))                 \
  X(TIFF *, TIFFClientOpenExt,                                                                                     \
    (const char *, const char *, void *, tmsize_t (*)(void *, void *, tmsize_t),                                   \
     tmsize_t (*)(void *, void *, tmsize_t), uint64_t (*)(void *, uint64_t, int), int (*)(void *),                 \
     uint64_t (*)(void *), int (*)(void *, void **, uint64_t *), void (*)(void *, void *, uint64_t),               \
     TIFFOpenOptions *))                                                                                           \
  X(void, TIFFClose, (TIFF *))                                                                                     \
  X(int, TIFFGetField, (TIFF *, uint32_t, ...))                                                                    \
  X(int, TIFFGetFieldDefaulted, (TIFF *, uint32_t, ...))                                                           \
  X(int, TIFFSetField, (TIFF *, uint32_t, ...))                                                                    \
  X(int, TIFFIsTiled, (TIFF *))                                                                                    \
  X(uint32_t, TIFFNumberOfStrips, (TIFF *))                                                                        \
  X(uint32_t, TIFFNumberOfTiles, (TIFF *))                                                                         \
  X(uint32_t, TIFFComputeTile, (TIFF *, uint32_t, uint32_t, uint32_t, uint16_t))                                   \
  X(tmsize_t, TIFFScanlineSize, (TIFF *))                                                                          \
  X(tmsize_t, TIFFTileSize, (TIFF *))                                                                              \
  X(tmsize_t, TIFFTileRowSize, (TIFF *))                                                                           \
  X(int, TIFFReadScanline, (TIFF *, void *, uint32_t, uint16_t))                                                   \
  X(tmsize_t, TIFFReadEncodedTile, (TIFF *, uint32_t, void *, tmsize_t))

#define DECLARE(result, name, parameters) result(*name) parameters;
static struct {
  FUNCTIONS(DECLARE)
} lib;

static int is_loaded;
static pthread_once_t loading = PTHREAD_ONCE_INIT;

static void load(void) {
  // Never closed: the functions are used as long as the program runs.
  void *library = dlopen("libtiff.so.6", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
#define FIND(result, name, parameters) \
  if (!(*(void **)&lib.name = dlsym(library, #name))) return;
  FUNCTIONS(FIND)
  is_loaded = 1;
}

#define MOST_SAMPLES 6
// What rows or tiles, of which one at a time is in memory besides the image, may have; real ones have less.
#define MOST_ROW_BYTES ((uint64_t)16 << 20)
#define MOST_TILE_PIXELS ((uint64_t)4 << 20)
// What libtiff may reserve at a time: the places of a million strips, a part of the file.
#define MOST_LIBRARY_BYTES ((tmsize_t)256 << 20)
// As for JPEG files.
#define MAX_JPEG_PIXELS_PER_BYTE 1024
#define SMALL_PIXELS ((uint64_t)1 << 20)

struct reader {
  TIFF *tiff;
  const uint8_t *bytes;
  uint64_t count;
  uint64_t position;
  cimages_status status;
  int decoding;  // past the header
  char *message;

  uint32_t width;
  uint32_t height;
  uint16_t bits;
  uint16_t samples;
  uint16_t photometric;
  int is_separate;  // a plane for each sample
  int is_premultiplied;
  const uint16_t *palette[3];
};

static int fail(struct reader *reader, cimages_status status, const char *text) {
  if (reader->status == CIMAGES_OK) {
    reader->status = status;
    snprintf(reader->message, CIMAGES_MESSAGE_SIZE, "%s", text);
  }
  return 0;
}

static void fail_as(struct reader *reader, const char *format, va_list values) {
  char text[CIMAGES_MESSAGE_SIZE];
  vsnprintf(text, sizeof text, format, values);
  for (char *c = text; *c; c++) {
    if (*c < ' ' || *c > '~') *c = '?';
  }
  fail(reader, CIMAGES_CORRUPT, text);
}

// 1: handled; libtiff does not go on to print it.
static int on_error(TIFF *tiff, void *data, const char *module, const char *format, va_list values) {
  (void)tiff;
  (void)module;
  struct reader *reader = data;
  // While the directory is read, damage to a tag that no pixel depends on is an error like others.
  if (reader->decoding || !reader->tiff) fail_as(reader, format, values);
  return 1;
}

static int on_warning(TIFF *tiff, void *data, const char *module, const char *format, va_list values) {
  (void)tiff;
  struct reader *reader = data;
  if (!reader->decoding || !module || strncmp(module, "JPEG", 4) != 0) return 1;
  // Each of many scans would pass over all pixels. The format does not allow it.
  if (strstr(format, "progressive")) {
    fail(reader, CIMAGES_UNSUPPORTED, "progressive JPEG in it; save the image with LZW");
  }
  // libjpeg warns of damaged data and goes on with made-up pixels.
  fail_as(reader, format, values);
  return 1;
}

static tmsize_t on_read(void *handle, void *target, tmsize_t count) {
  struct reader *reader = handle;
  if (count <= 0 || reader->position >= reader->count) return 0;
  const uint64_t left = reader->count - reader->position;
  const uint64_t size = (uint64_t)count < left ? (uint64_t)count : left;
  memcpy(target, reader->bytes + reader->position, size);
  reader->position += size;
  return (tmsize_t)size;
}

static tmsize_t on_write(void *handle, void *source, tmsize_t count) {
  (void)handle;
  (void)source;
  (void)count;
  return -1;
}

static uint64_t on_seek(void *handle, uint64_t offset, int whence) {
  struct reader *reader = handle;
  switch (whence) {
    case SEEK_SET: reader->position = offset; break;
    case SEEK_CUR: reader->position += offset; break;
    default: reader->position = reader->count + offset; break;
  }
  return reader->position;
}

static int on_close(void *handle) {
  (void)handle;
  return 0;
}

static uint64_t on_size(void *handle) { return ((struct reader *)handle)->count; }

static int open_file(struct reader *reader, const uint8_t *bytes, size_t count, char *message) {
  memset(reader, 0, sizeof *reader);
  reader->bytes = bytes;
  reader->count = count;
  reader->message = message;
  pthread_once(&loading, load);
  if (!is_loaded) {
    const char *remedy = "libtiff.so.6, which cannot be loaded: install it (apt-get install libtiff6)";
    return fail(reader, CIMAGES_NO_LIBRARY, remedy);
  }
  TIFFOpenOptions *options = lib.TIFFOpenOptionsAlloc();
  if (!options) return fail(reader, CIMAGES_NO_MEMORY, "not enough memory");
  lib.TIFFOpenOptionsSetMaxSingleMemAlloc(options, MOST_LIBRARY_BYTES);
  lib.TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, reader);
  lib.TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, reader);
  // r: read; m: not by mapping; c: single strips stay whole.
  reader->tiff = lib.TIFFClientOpenExt("TIFF", "rmc", reader, on_read, on_write, on_seek, on_close, on_size, NULL, NULL,
                                       options);
  lib.TIFFOpenOptionsFree(options);
  if (!reader->tiff) return fail(reader, CIMAGES_CORRUPT, "its directory cannot be read");
  reader->status = CIMAGES_OK;
  return 1;
}

/// The most bytes of rows that a byte of the file can become, 0 where the compression is not one that is read.
static uint64_t most_expansion(uint16_t compression) {
  switch (compression) {
    case COMPRESSION_NONE: return 1;
    case COMPRESSION_PACKBITS: return 64;
    // A code of 12 bits stands for up to 3838 bytes, once all shorter strings have been seen.
    case COMPRESSION_LZW: return 2048;
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE: return 1032;
    case COMPRESSION_JPEG: return MAX_JPEG_PIXELS_PER_BYTE;
    default: return 0;
  }
}

/// Strips or tiles that lie over each other would be read as often as there are of them.
static int parts_fit(struct reader *reader, int is_tiled) {
  TIFF *tiff = reader->tiff;
  const uint32_t parts = is_tiled ? lib.TIFFNumberOfTiles(tiff) : lib.TIFFNumberOfStrips(tiff);
  const uint64_t *sizes = NULL;
  if (!lib.TIFFGetField(tiff, is_tiled ? TIFFTAG_TILEBYTECOUNTS : TIFFTAG_STRIPBYTECOUNTS, &sizes) || !sizes) {
    return fail(reader, CIMAGES_CORRUPT, "it does not say where its pixels are");
  }
  uint64_t sum = 0;
  for (uint32_t i = 0; i < parts; i++) {
    if (sizes[i] > reader->count - sum) {
      return fail(reader, CIMAGES_CORRUPT, "its strips or tiles are more than the file can hold");
    }
    sum += sizes[i];
  }
  return 1;
}

static int check_tiles(struct reader *reader) {
  uint32_t width = 0, height = 0;
  lib.TIFFGetField(reader->tiff, TIFFTAG_TILEWIDTH, &width);
  lib.TIFFGetField(reader->tiff, TIFFTAG_TILELENGTH, &height);
  if (width == 0 || height == 0) return fail(reader, CIMAGES_CORRUPT, "its tiles have no size");
  const uint64_t pixels = (uint64_t)reader->width * reader->height;
  if (pixels >> 40) return 1;  // too large whatever its tiles; this far the products below fit
  const uint64_t across = ((uint64_t)reader->width + width - 1) / width;
  const uint64_t down = ((uint64_t)reader->height + height - 1) / height;
  // Tiles at the edges are whole, and all of them is decoded.
  if (height > MOST_TILE_PIXELS / width || across * width * down * height > 4 * pixels + 4 * MOST_TILE_PIXELS) {
    return fail(reader, CIMAGES_UNSUPPORTED, "tiles too large for its size; save the image anew");
  }
  return 1;
}

/// Which samples there are and what they mean: the combinations that Pillow reads and can make RGB or gray of.
static int check_samples(struct reader *reader, uint16_t compression) {
  TIFF *tiff = reader->tiff;
  const char *const unsupported = "colours or bits of an unusual kind; save the image as RGB of 8 bits";
  uint16_t format = 0, planes = 0, extras = 0;
  const uint16_t *meanings = NULL;
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &reader->bits);
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &reader->samples);
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extras, &meanings);
  if (!lib.TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &reader->photometric)) {
    return fail(reader, CIMAGES_CORRUPT, "it does not say what its samples mean");
  }
  if (reader->samples == 0 || reader->samples > MOST_SAMPLES || format != SAMPLEFORMAT_UINT) {
    return fail(reader, CIMAGES_UNSUPPORTED, unsupported);
  }
  reader->is_separate = planes == PLANARCONFIG_SEPARATE && reader->samples > 1;
  reader->is_premultiplied = extras > 0 && meanings && meanings[0] == EXTRA_ASSOCIATED_ALPHA;
  const int is_colour = reader->photometric == RGB || reader->photometric == YCBCR;
  const unsigned colours = reader->photometric == SEPARATED ? 4 : is_colour ? 3 : 1;
  // The fourth sample of RGB may be alpha without saying so.
  if (colours + extras != reader->samples && !(reader->photometric == RGB && extras == 0 && reader->samples == 4)) {
    return fail(reader, CIMAGES_UNSUPPORTED, unsupported);
  }
  const int is_byte = reader->bits == 8, is_word = reader->bits == 16;
  const int is_packed = reader->bits == 1 || reader->bits == 2 || reader->bits == 4;
  const unsigned samples = reader->samples;
  const uint16_t **palette = reader->palette;
  int is_known = 0;
  switch (reader->photometric) {
    case MIN_IS_WHITE:
    case MIN_IS_BLACK:
      if (is_word && samples == 1) {
        return fail(reader, CIMAGES_UNSUPPORTED,
                    "gray of 16 bits, which Pillow does not scale to 8 but clips; save the image with 8 bits");
      }
      is_known = samples == 1 ? is_byte || is_packed
                              : samples == 2 && is_byte && !reader->is_premultiplied &&
                                    reader->photometric == MIN_IS_BLACK;
      break;
    case PALETTE:
      is_known = samples == 1 && (is_byte || is_packed) &&
                 lib.TIFFGetField(tiff, TIFFTAG_COLORMAP, &palette[0], &palette[1], &palette[2]) && palette[0] &&
                 palette[1] && palette[2];
      break;
    case RGB:
      if (is_word && reader->is_separate && compression == COMPRESSION_NONE) {
        return fail(reader, CIMAGES_UNSUPPORTED,
                    "planes of 16 bits without compression, which Pillow misreads; save the image with 8 bits");
      }
      is_known = (is_byte || is_word) && !(reader->is_premultiplied && reader->is_separate);
      break;
    case SEPARATED: is_known = (is_byte || is_word) && !reader->is_separate; break;
    case YCBCR:
      // The library makes RGB of what JPEG has compressed.
      is_known = samples == 3 && is_byte && compression == COMPRESSION_JPEG && !reader->is_separate &&
                 lib.TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      break;
    default: break;
  }
  return is_known || fail(reader, CIMAGES_UNSUPPORTED, unsupported);
}

static int begin(struct reader *reader, cimages_header *header) {
  TIFF *tiff = reader->tiff;
  uint16_t compression = 0;
  lib.TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &reader->width);
  lib.TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &reader->height);
  lib.TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  if (reader->width == 0 || reader->height == 0) return fail(reader, CIMAGES_CORRUPT, "it has no pixels");
  const uint64_t expansion = most_expansion(compression);
  if (expansion == 0) {
    return fail(reader, CIMAGES_UNSUPPORTED,
                "a compression other than LZW, deflate, JPEG and PackBits; save the image with one of these");
  }
  if (!check_samples(reader, compression)) return 0;
  const int is_tiled = lib.TIFFIsTiled(tiff);
  if (is_tiled && !check_tiles(reader)) return 0;
  const uint64_t row_bits = (uint64_t)reader->width * reader->samples * reader->bits;
  if (!is_tiled && row_bits / 8 > MOST_ROW_BYTES) {
    return fail(reader, CIMAGES_UNSUPPORTED, "rows of more than 16 MiB; save the image in tiles or as PNG");
  }
  header->width = reader->width;
  header->height = reader->height;
  header->channels = reader->photometric <= MIN_IS_BLACK ? 1 : 3;
  const uint64_t pixels = (uint64_t)reader->width * reader->height;
  header->can_be_whole = compression == COMPRESSION_JPEG
                             ? pixels <= SMALL_PIXELS || pixels <= reader->count * expansion
                             : row_bits / 8 <= reader->count * expansion / reader->height;
  return !header->can_be_whole || parts_fit(reader, is_tiled);
}

/// Pixels as they are stored, samples side by side, as gray or RGB of 8 bits.
static void convert(const struct reader *reader, const uint8_t *source, size_t count, uint8_t *target) {
  const size_t samples = reader->samples;
  const size_t bits = reader->bits;
  if (bits < 8) {
    // One sample; the first pixel lies in the upper bits.
    const unsigned most = (1u << bits) - 1;
    for (size_t i = 0; i < count; i++) {
      const unsigned value = source[i * bits / 8] >> (8 - bits - i * bits % 8) & most;
      if (reader->photometric == PALETTE) {
        for (int channel = 0; channel < 3; channel++) target[3 * i + channel] = reader->palette[channel][value] >> 8;
      } else {
        target[i] = (uint8_t)((reader->photometric == MIN_IS_WHITE ? most - value : value) * (255 / most));
      }
    }
    return;
  }
  if (reader->photometric == PALETTE) {
    for (size_t i = 0; i < count; i++) {
      for (int channel = 0; channel < 3; channel++) target[3 * i + channel] = reader->palette[channel][source[i]] >> 8;
    }
    return;
  }
  const size_t channels = reader->photometric <= MIN_IS_BLACK ? 1 : 3;
  const size_t wanted = reader->photometric == SEPARATED || reader->is_premultiplied ? 4 : channels;
  const uint8_t flip = reader->photometric == MIN_IS_WHITE ? 255 : 0;
  for (size_t i = 0; i < count; i++, target += channels) {
    uint8_t pixel[4];
    for (size_t sample = 0; sample < wanted; sample++) {
      const size_t index = i * samples + sample;
      uint16_t word = 0;
      if (bits == 16) memcpy(&word, source + 2 * index, 2);
      pixel[sample] = bits == 16 ? (uint8_t)(word >> 8) : source[index] ^ flip;
    }
    if (reader->photometric == SEPARATED) {
      cimages_inks_to_rgb(pixel, 4, 0, 1, target);
      continue;
    }
    for (size_t channel = 0; channel < channels; channel++) {
      unsigned value = pixel[channel];
      // As Pillow does it: black where nothing is to be seen, rounded down elsewhere.
      if (reader->is_premultiplied) value = pixel[3] == 0 ? 0 : value * 255 / pixel[3];
      target[channel] = value > 255 ? 255 : (uint8_t)value;
    }
  }
}

/// Samples of one plane as one of the image's channels.
static void convert_plane(const struct reader *reader, const uint8_t *source, size_t count, uint8_t *target) {
  const size_t channels = reader->photometric <= MIN_IS_BLACK ? 1 : 3;
  for (size_t i = 0; i < count; i++) {
    uint16_t word = 0;
    if (reader->bits == 16) memcpy(&word, source + 2 * i, 2);
    target[channels * i] = reader->bits == 16 ? (uint8_t)(word >> 8) : source[i];
  }
}

static int read_rows(struct reader *reader, uint16_t plane, uint8_t *row, uint8_t *pixels, size_t channels) {
  const size_t stride = channels * reader->width;
  for (uint32_t y = 0; y < reader->height; y++) {
    if (lib.TIFFReadScanline(reader->tiff, row, y, plane) != 1 || reader->status != CIMAGES_OK) {
      return fail(reader, CIMAGES_CORRUPT, "its rows cannot be read");
    }
    uint8_t *target = pixels + stride * y + plane;
    if (reader->is_separate) {
      convert_plane(reader, row, reader->width, target);
    } else {
      convert(reader, row, reader->width, target);
    }
  }
  return 1;
}

static int read_tiles(struct reader *reader, uint16_t plane, uint8_t *tile, tmsize_t size, uint8_t *pixels,
                      size_t channels) {
  TIFF *tiff = reader->tiff;
  const tmsize_t stored = lib.TIFFTileRowSize(tiff);
  uint32_t width = 0, height = 0;
  lib.TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
  lib.TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
  const uint64_t row_bits = (uint64_t)width * reader->bits * (reader->is_separate ? 1 : reader->samples);
  if (stored < (tmsize_t)((row_bits + 7) / 8) || size < stored * (tmsize_t)height) {
    return fail(reader, CIMAGES_CORRUPT, "its tiles have another size than they should");
  }
  for (uint32_t top = 0; top < reader->height; top += height) {
    const uint32_t rows = reader->height - top < height ? reader->height - top : height;
    for (uint32_t left = 0; left < reader->width; left += width) {
      const uint32_t columns = reader->width - left < width ? reader->width - left : width;
      const uint32_t index = lib.TIFFComputeTile(tiff, left, top, 0, plane);
      if (lib.TIFFReadEncodedTile(tiff, index, tile, size) != size || reader->status != CIMAGES_OK) {
        return fail(reader, CIMAGES_CORRUPT, "its tiles cannot be read");
      }
      for (uint32_t y = 0; y < rows; y++) {
        uint8_t *target = pixels + channels * ((size_t)reader->width * (top + y) + left) + plane;
        if (reader->is_separate) {
          convert_plane(reader, tile + stored * y, columns, target);
        } else {
          convert(reader, tile + stored * y, columns, target);
        }
      }
    }
  }
  return 1;
}

static int read_pixels(struct reader *reader, size_t channels, uint8_t *pixels) {
  TIFF *tiff = reader->tiff;
  reader->decoding = 1;
  const int is_tiled = lib.TIFFIsTiled(tiff);
  const tmsize_t size = is_tiled ? lib.TIFFTileSize(tiff) : lib.TIFFScanlineSize(tiff);
  const uint64_t row_bits =
      (uint64_t)reader->width * reader->bits * (reader->is_separate ? 1 : reader->samples);
  if (size <= 0 || (!is_tiled && size < (tmsize_t)((row_bits + 7) / 8))) {
    return fail(reader, CIMAGES_CORRUPT, "its rows have another size than they should");
  }
  uint8_t *part = calloc(1, (size_t)size);
  if (!part) return fail(reader, CIMAGES_NO_MEMORY, "not enough memory");
  const uint16_t planes = reader->is_separate ? (uint16_t)channels : 1;
  for (uint16_t plane = 0; plane < planes && reader->status == CIMAGES_OK; plane++) {
    if (is_tiled) {
      read_tiles(reader, plane, part, size, pixels, channels);
    } else {
      read_rows(reader, plane, part, pixels, channels);
    }
  }
  free(part);
  return reader->status == CIMAGES_OK;
}

cimages_status cimages_read_tiff_header(const uint8_t *bytes, size_t count, cimages_header *header, char *message) {
  struct reader reader;
  if (open_file(&reader, bytes, count, message)) begin(&reader, header);
  if (reader.tiff) lib.TIFFClose(reader.tiff);
  return reader.status;
}

cimages_status cimages_read_tiff(const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels,
                                 char *message) {
  struct reader reader;
  if (open_file(&reader, bytes, count, message)) {
    cimages_header found = {0};
    if (begin(&reader, &found)) {
      if (memcmp(&found, header, sizeof found) != 0) {
        fail(&reader, CIMAGES_CORRUPT, "the header changed");
      } else {
        read_pixels(&reader, header->channels, pixels);
      }
    }
  }
  if (reader.tiff) lib.TIFFClose(reader.tiff);
  return reader.status;
}
