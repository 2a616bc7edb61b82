// zlib as Swift can call it: deflateInit2 is a macro, which Swift does not see.
#pragma once
#include <stddef.h>
#include <string.h>
#include <zlib.h>

/// Compresses `size` bytes into one zlib stream (RFC 1950) of at most `capacity` bytes.
/// Returns its length, or 0 when it does not fit or a size is beyond what one call of zlib takes.
static inline size_t czlib_deflate(const void *bytes, size_t size, void *target, size_t capacity, int level,
                                   int strategy) {
  if (size > 0x7fffffff || capacity > 0x7fffffff) return 0;
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  if (deflateInit2(&stream, level, Z_DEFLATED, 15, 9, strategy) != Z_OK) return 0;
  stream.next_in = (Bytef *)bytes;
  stream.avail_in = (uInt)size;
  stream.next_out = (Bytef *)target;
  stream.avail_out = (uInt)capacity;
  const int state = deflate(&stream, Z_FINISH);
  const size_t written = stream.total_out;
  deflateEnd(&stream);
  return state == Z_STREAM_END ? written : 0;
}

/// Whether `stored` is one zlib stream of exactly `size` bytes, which are written to `target`.
static inline int czlib_inflate(const void *stored, size_t stored_size, void *target, size_t size) {
  uLongf written = size;
  uLong read = stored_size;
  return uncompress2((Bytef *)target, &written, (const Bytef *)stored, &read) == Z_OK && written == size &&
         read == stored_size;
}
