// JPEG through libjpeg-turbo, with its defaults: the slow integer DCT and fancy upsampling, as Pillow decodes.
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "CImages.h"
#include "cmyk.h"

// Each scan of a progressive file passes over the whole image, even one of a few bytes: many would run for hours. Files
// have a dozen; only as many more are read as are quick.
#define MAX_SCANS 500
#define USUAL_SCANS 16
#define QUICK_PIXELS ((uint64_t)1 << 30)  // of all scans together

// A block of 8 x 8 pixels takes at least a bit, and components of lower resolution little less. Arithmetic coding can
// do with less where nothing is to be seen: small images may have any size.
#define MAX_PIXELS_PER_BYTE 1024
#define SMALL_PIXELS ((uint64_t)1 << 20)

struct reader {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  cimages_status status;
  int decoding;  // past the header
  char *message;
};

static void fail(struct reader *reader, cimages_status status, const char *text) {
  reader->status = status;
  snprintf(reader->message, CIMAGES_MESSAGE_SIZE, "%s", text);
  longjmp(reader->escape, 1);
}

static cimages_status status_of(int code) {
  switch (code) {
    case JERR_OUT_OF_MEMORY: return CIMAGES_NO_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_SOF_UNSUPPORTED: return CIMAGES_UNSUPPORTED;
    default: return CIMAGES_CORRUPT;
  }
}

static void on_error(j_common_ptr jpeg) {
  struct reader *reader = jpeg->client_data;
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  fail(reader, status_of(jpeg->err->msg_code), text);
}

// libjpeg warns of damaged data and goes on with made-up pixels. Only what leaves every pixel as it is may pass.
static void on_message(j_common_ptr jpeg, int level) {
  struct reader *reader = jpeg->client_data;
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR: return;
    case JWRN_EXTRANEOUS_DATA:
      if (!reader->decoding) return;
      break;
    default: break;
  }
  on_error(jpeg);
}

static void on_progress(j_common_ptr jpeg) {
  const j_decompress_ptr image = (j_decompress_ptr)jpeg;
  const int scans = image->input_scan_number;
  const uint64_t pixels = (uint64_t)image->image_width * image->image_height;
  if (scans > MAX_SCANS || (scans > USUAL_SCANS && (uint64_t)scans * pixels > QUICK_PIXELS)) {
    fail(jpeg->client_data, CIMAGES_UNSUPPORTED, "too many scans for its size; save the image anew");
  }
}

static void ignore(j_decompress_ptr jpeg) { (void)jpeg; }

static boolean at_end(j_decompress_ptr jpeg) {
  fail(jpeg->client_data, CIMAGES_CORRUPT, "the file ends early");
  return FALSE;
}

static void skip(j_decompress_ptr jpeg, long count) {
  if (count <= 0) return;
  if ((size_t)count > jpeg->src->bytes_in_buffer) at_end(jpeg);
  jpeg->src->next_input_byte += count;
  jpeg->src->bytes_in_buffer -= (size_t)count;
}

// Reads the header and chooses the output colours.
static void begin(struct reader *reader, const uint8_t *bytes, size_t count, cimages_header *header) {
  jpeg_create_decompress(&reader->jpeg);
  reader->source.next_input_byte = bytes;
  reader->source.bytes_in_buffer = count;
  reader->source.init_source = ignore;
  reader->source.fill_input_buffer = at_end;
  reader->source.skip_input_data = skip;
  reader->source.resync_to_restart = jpeg_resync_to_restart;
  reader->source.term_source = ignore;
  reader->jpeg.src = &reader->source;
  reader->progress.progress_monitor = on_progress;
  reader->jpeg.progress = &reader->progress;
  jpeg_read_header(&reader->jpeg, TRUE);
  switch (reader->jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE: reader->jpeg.out_color_space = JCS_GRAYSCALE; break;
    case JCS_RGB:
    case JCS_YCbCr: reader->jpeg.out_color_space = JCS_RGB; break;
    case JCS_CMYK:
    case JCS_YCCK: reader->jpeg.out_color_space = JCS_CMYK; break;
    default: fail(reader, CIMAGES_UNSUPPORTED, "unknown colours; save the image as RGB"); break;
  }
  header->width = reader->jpeg.image_width;
  header->height = reader->jpeg.image_height;
  header->channels = reader->jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  const uint64_t pixels = (uint64_t)header->width * header->height;
  header->can_be_whole = pixels <= SMALL_PIXELS || pixels <= (uint64_t)count * MAX_PIXELS_PER_BYTE;
}

static void prepare(struct reader *reader, char *message) {
  memset(reader, 0, sizeof *reader);
  reader->message = message;
  // jpeg_create_decompress keeps these two fields.
  reader->jpeg.client_data = reader;
  reader->jpeg.err = jpeg_std_error(&reader->errors);
  reader->errors.error_exit = on_error;
  reader->errors.emit_message = on_message;
}

cimages_status cimages_read_jpeg_header(const uint8_t *bytes, size_t count, cimages_header *header, char *message) {
  struct reader reader;
  prepare(&reader, message);
  if (!setjmp(reader.escape)) begin(&reader, bytes, count, header);
  jpeg_destroy_decompress(&reader.jpeg);
  return reader.status;
}

cimages_status cimages_read_jpeg(const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels,
                                 char *message) {
  struct reader reader;
  prepare(&reader, message);
  if (!setjmp(reader.escape)) {
    cimages_header found;
    begin(&reader, bytes, count, &found);
    if (memcmp(&found, header, sizeof found) != 0) fail(&reader, CIMAGES_CORRUPT, "the header changed");
    reader.decoding = 1;
    jpeg_start_decompress(&reader.jpeg);
    const size_t stride = (size_t)header->width * header->channels;
    const int is_cmyk = reader.jpeg.out_color_space == JCS_CMYK;
    JSAMPARRAY inks = NULL;
    if (is_cmyk) {
      inks = reader.jpeg.mem->alloc_sarray((j_common_ptr)&reader.jpeg, JPOOL_IMAGE, header->width * 4, 1);
    }
    while (reader.jpeg.output_scanline < header->height) {
      JSAMPROW row = pixels + stride * reader.jpeg.output_scanline;
      jpeg_read_scanlines(&reader.jpeg, is_cmyk ? inks : &row, 1);
      // Adobe's convention, which all of them follow: 255 is no ink.
      if (is_cmyk) cimages_inks_to_rgb(inks[0], 4, 255, header->width, row);
    }
    jpeg_finish_decompress(&reader.jpeg);
  }
  jpeg_destroy_decompress(&reader.jpeg);
  return reader.status;
}
