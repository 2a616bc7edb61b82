// What the programs here share: each checks something of libderm and ends with 1, and a line, where it does not hold.
#pragma once
#include <derm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
      exit(1);                                                                               \
    }                                                                                        \
  } while (0)

// A call that must succeed.
#define OK(call)                                                                             \
  do {                                                                                       \
    derm_error *const e = &error;                                                            \
    if ((call) != DERM_OK) {                                                                 \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, e->message);             \
      exit(1);                                                                               \
    }                                                                                        \
    CHECK(e->status == DERM_OK && e->message[0] == 0);                                       \
  } while (0)

// A call that must fail in one way, with a sentence that has some words, and again with nowhere to write it.
#define FAILS(expected, words, call)                                                         \
  do {                                                                                       \
    memset(&error, 0x55, sizeof error);                                                      \
    const derm_status found = (call);                                                        \
    if (found != (expected) || error.status != (expected) || !strstr(error.message, words) ||     \
        strchr(error.message, '\n')) {                                                       \
      fprintf(stderr, "%s:%d: %s: %s: %.*s\n", __FILE__, __LINE__, #call, derm_status_name(found),      \
              (int)sizeof error.message, error.message);                                     \
      exit(1);                                                                               \
    }                                                                                        \
  } while (0)

static inline unsigned char *read_file(const char *path, size_t *count) {
  FILE *file = fopen(path, "rb");
  CHECK(file);
  unsigned char *bytes = NULL;
  *count = 0;
  for (;;) {
    bytes = realloc(bytes, *count + 65536);
    CHECK(bytes);
    const size_t more = fread(bytes + *count, 1, 65536, file);
    if (more == 0) break;
    *count += more;
  }
  fclose(file);
  return bytes;
}

static inline void write_file(const char *path, const void *bytes, size_t count) {
  FILE *file = fopen(path, "wb");
  CHECK(file && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}
