// JPEG files in memory, through libjpeg-turbo with its defaults.
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "CImages.h"

struct writer {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr target;
  jmp_buf escape;
};

static void on_error(j_common_ptr jpeg) {
  struct writer *writer = jpeg->client_data;
  longjmp(writer->escape, 1);
}

static void on_message(j_common_ptr jpeg, int level) {
  (void)jpeg;
  (void)level;
}

static void ignore(j_compress_ptr jpeg) { (void)jpeg; }

static boolean at_end(j_compress_ptr jpeg) {
  on_error((j_common_ptr)jpeg);
  return FALSE;
}

size_t cimages_write_jpeg(const uint8_t *pixels, const cimages_header *header, int quality, uint8_t *bytes,
                          size_t capacity) {
  struct writer writer;
  memset(&writer, 0, sizeof writer);
  // jpeg_create_compress keeps these two fields.
  writer.jpeg.client_data = &writer;
  writer.jpeg.err = jpeg_std_error(&writer.errors);
  writer.errors.error_exit = on_error;
  writer.errors.emit_message = on_message;
  if (setjmp(writer.escape)) {
    jpeg_destroy_compress(&writer.jpeg);
    return 0;
  }
  jpeg_create_compress(&writer.jpeg);
  writer.target.next_output_byte = bytes;
  writer.target.free_in_buffer = capacity;
  writer.target.init_destination = ignore;
  writer.target.empty_output_buffer = at_end;
  writer.target.term_destination = ignore;
  writer.jpeg.dest = &writer.target;
  writer.jpeg.image_width = header->width;
  writer.jpeg.image_height = header->height;
  writer.jpeg.input_components = (int)header->channels;
  writer.jpeg.in_color_space = header->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&writer.jpeg);
  jpeg_set_quality(&writer.jpeg, quality, TRUE);
  jpeg_start_compress(&writer.jpeg, TRUE);
  const size_t stride = (size_t)header->width * header->channels;
  while (writer.jpeg.next_scanline < header->height) {
    JSAMPROW row = (JSAMPROW)(pixels + stride * writer.jpeg.next_scanline);
    jpeg_write_scanlines(&writer.jpeg, &row, 1);
  }
  jpeg_finish_compress(&writer.jpeg);
  const size_t count = capacity - writer.target.free_in_buffer;
  jpeg_destroy_compress(&writer.jpeg);
  return count;
}
