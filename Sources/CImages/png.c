// PNG through libpng: 8 bits per channel, gray or RGB, alpha dropped, stored values not corrected for gamma. Texts,
// colour profiles and all else that no pixel depends on is passed over as it is stored: compressed text of 1 kB can
// become 1 MB.
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

#include "CImages.h"

// Deflate turns a byte into at most this many.
#define MAX_EXPANSION 1032

struct reader {
  png_structp png;
  png_infop info;
  const uint8_t *next;
  size_t left;
  size_t row_left;  // how much of the file the row at hand may take; set while rows are read
  int in_rows;
  cimages_status status;
  char *message;
};

static void fail(struct reader *reader, cimages_status status, const char *text) {
  reader->status = status;
  snprintf(reader->message, CIMAGES_MESSAGE_SIZE, "%s", text);
}

static void on_error(png_structp png, png_const_charp text) {
  fail(png_get_error_ptr(png), CIMAGES_CORRUPT, text);
  png_longjmp(png, 1);
}

// libpng warns of odd but harmless things, such as a colour profile it knows to be wrong.
static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  struct reader *reader = png_get_io_ptr(png);
  if (count > reader->left) png_error(png, "the file ends early");
  if (reader->in_rows) {
    if (count > reader->row_left) png_error(png, "compressed data after the last row");
    reader->row_left -= count;
  }
  memcpy(target, reader->next, count);
  reader->next += count;
  reader->left -= count;
}

static int prepare(struct reader *reader, const uint8_t *bytes, size_t count, char *message) {
  memset(reader, 0, sizeof *reader);
  reader->next = bytes;
  reader->left = count;
  reader->message = message;
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
  if (reader->png) reader->info = png_create_info_struct(reader->png);
  if (!reader->info) fail(reader, CIMAGES_NO_MEMORY, "not enough memory");
  return reader->info != NULL;
}

// Reads the header and sets up the conversions that make it gray or RGB of 8 bits.
static void begin(struct reader *reader, size_t count, cimages_header *header) {
  png_structp png = reader->png;
  png_set_read_fn(png, reader, read_bytes);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  // A negative count: all chunks but those of header, palette, transparency, pixels and end.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(png, reader->info);
  const int colours = png_get_color_type(png, reader->info);
  if (colours == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (colours == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  header->width = png_get_image_width(png, reader->info);
  header->height = png_get_image_height(png, reader->info);
  header->channels = colours & PNG_COLOR_MASK_COLOR ? 3 : 1;
  header->can_be_whole = png_get_rowbytes(png, reader->info) <= (uint64_t)count * MAX_EXPANSION / header->height;
}

cimages_status cimages_read_png_header(const uint8_t *bytes, size_t count, cimages_header *header, char *message) {
  struct reader reader;
  if (prepare(&reader, bytes, count, message) && !setjmp(png_jmpbuf(reader.png))) begin(&reader, count, header);
  png_destroy_read_struct(&reader.png, &reader.info, NULL);
  return reader.status;
}

cimages_status cimages_read_png(const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels,
                                char *message) {
  struct reader reader;
  if (prepare(&reader, bytes, count, message) && !setjmp(png_jmpbuf(reader.png))) {
    cimages_header found;
    begin(&reader, count, &found);
    const size_t stored = png_get_rowbytes(reader.png, reader.info);
    const int passes = png_set_interlace_handling(reader.png);
    png_read_update_info(reader.png, reader.info);
    const size_t stride = (size_t)header->width * header->channels;
    if (memcmp(&found, header, sizeof found) != 0 || png_get_rowbytes(reader.png, reader.info) != stride) {
      png_error(reader.png, "the header changed");
    }
    reader.in_rows = 1;
    for (int pass = 0; pass < passes; pass++) {
      for (size_t y = 0; y < header->height; y++) {
        // Huffman codes have up to 15 bits for a byte, and some of the file lies between them. With the last row libpng
        // also inflates, to no end, all that may follow it.
        reader.row_left = 2 * stored + (64 << 10);
        png_read_row(reader.png, pixels + stride * y, NULL);
      }
    }
    reader.in_rows = 0;
    png_read_end(reader.png, NULL);
  }
  png_destroy_read_struct(&reader.png, &reader.info, NULL);
  return reader.status;
}
