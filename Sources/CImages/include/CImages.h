// JPEG, PNG, WebP and TIFF decoding behind plain status codes, and JPEG and PNG encoding.
//
// libjpeg and libpng report errors by longjmp, which must not cross Swift frames; here it ends in the C function that
// was called. libwebp and libtiff are loaded when the first such file is met. All functions are thread-safe and read
// nothing past bytes[count - 1].
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  CIMAGES_OK,
  /// The file is damaged or cut off.
  CIMAGES_CORRUPT,
  /// The file may be sound, but is of a kind that is not decoded.
  CIMAGES_UNSUPPORTED,
  CIMAGES_NO_MEMORY,
  /// The library that reads files of this format cannot be loaded.
  CIMAGES_NO_LIBRARY,
} cimages_status;

/// What the decoded image will be: gray (1 channel) or RGB (3 channels).
typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;
  /// Zero where a file of its size cannot hold so many pixels: it is cut off, or was never an image.
  uint32_t can_be_whole;
} cimages_header;

/// Room for a message, its final zero included.
#define CIMAGES_MESSAGE_SIZE 256

/// Reads the header. Unless the status is CIMAGES_OK, message (CIMAGES_MESSAGE_SIZE bytes) says what is wrong.
cimages_status cimages_read_jpeg_header(const uint8_t *bytes, size_t count, cimages_header *header, char *message);
cimages_status cimages_read_png_header(const uint8_t *bytes, size_t count, cimages_header *header, char *message);
cimages_status cimages_read_webp_header(const uint8_t *bytes, size_t count, cimages_header *header, char *message);
cimages_status cimages_read_tiff_header(const uint8_t *bytes, size_t count, cimages_header *header, char *message);

/// Decodes into width * height * channels bytes, rows from the top, channels interleaved. The header is what the
/// function above gave for the same bytes. The whole file is read: one that ends early is corrupt.
cimages_status cimages_read_jpeg(const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels,
                                 char *message);
cimages_status cimages_read_png(const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels,
                                char *message);
cimages_status cimages_read_webp(const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels,
                                 char *message);
/// Of several pages the first. Rows and columns are as they are stored, whatever orientation the file names.
cimages_status cimages_read_tiff(const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels,
                                 char *message);

/// Writes pixels laid out as above as a JPEG file, of quality 1 to 100, without any metadata. Returns its size; 0 where
/// it does not fit into capacity, or memory is short.
size_t cimages_write_jpeg(const uint8_t *pixels, const cimages_header *header, int quality, uint8_t *bytes,
                          size_t capacity);

/// Writes them as a PNG file, likewise.
size_t cimages_write_png(const uint8_t *pixels, const cimages_header *header, uint8_t *bytes, size_t capacity);

#ifdef __cplusplus
}
#endif
