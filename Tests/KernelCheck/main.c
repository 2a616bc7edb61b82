// Compares every kernel that runs on this machine with its scalar definition, bit for bit, on any architecture: what
// the tests in Swift do, for machines that Swift is not built for.
//
//   kernel_check [--every N] [--models] [NAME ...]
//
// Prints a line for each kernel and a digest of the scalar results, which is the same on all processors. Fails if a
// result differs, or if a kernel that is NAMEd did not run.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ck_features.h"

enum { MOST_KERNELS = 64, MOST_SHOWN = 5 };
typedef struct {
  char name[64];
  size_t compared, wrong;
} record;
static record records[MOST_KERNELS];
static size_t record_count;

static record *record_of(const char *kernel) {
  for (size_t i = 0; i < record_count; i++)
    if (strcmp(records[i].name, kernel) == 0) return &records[i];
  if (record_count == MOST_KERNELS) {
    fprintf(stderr, "kernel_check: more than %d kernels\n", MOST_KERNELS);
    exit(2);
  }
  record *r = &records[record_count++];
  snprintf(r->name, sizeof r->name, "%s", kernel);
  return r;
}

void tally(const char *kernel, int is_right, const char *format, ...) {
  record *r = record_of(kernel);
  r->compared++;
  if (is_right) return;
  if (++r->wrong > MOST_SHOWN) return;
  va_list arguments;
  va_start(arguments, format);
  printf("%s differs from the scalar kernel: ", kernel);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
}

// FNV-1a.
static uint64_t digest = 0xcbf29ce484222325;

void digest_bytes(const void *data, size_t size) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < size; i++) digest = (digest ^ bytes[i]) * 0x100000001b3;
}

void digest_floats(const float *data, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = 0x7fc00000;
    if (data[i] == data[i]) memcpy(&bits, data + i, sizeof bits);
    digest_bytes(&bits, sizeof bits);
  }
}

static int report(int count, char **expected) {
  int failures = 0;
  printf("%-28s %10s %10s\n", "kernel", "compared", "wrong");
  for (size_t i = 0; i < record_count; i++) {
    printf("%-28s %10zu %10zu\n", records[i].name, records[i].compared, records[i].wrong);
    failures += records[i].wrong > 0;
  }
  printf("digest of the scalar results: %016llx\n", (unsigned long long)digest);
  for (int i = 0; i < count; i++) {
    int has_run = 0;
    for (size_t j = 0; j < record_count; j++) has_run |= strcmp(records[j].name, expected[i]) == 0;
    if (!has_run) printf("%s did not run\n", expected[i]);
    failures += !has_run;
  }
  return failures > 0;
}

int main(int count, char **arguments) {
  selection s = {.every = 1};
  int i = 1;
  for (; i < count && strncmp(arguments[i], "--", 2) == 0; i++) {
    if (strcmp(arguments[i], "--models") == 0) {
      s.with_model_layers = 1;
    } else if (strcmp(arguments[i], "--every") == 0 && i + 1 < count && atoi(arguments[i + 1]) > 0) {
      s.every = (size_t)atoi(arguments[++i]);
    } else {
      fprintf(stderr, "usage: kernel_check [--every N] [--models] [NAME ...]\n");
      return 2;
    }
  }
  printf("best instruction set: %s\n", ck_isa_name(ck_features_allowed()));
  check_conv_s8(&s);
  check_ops_s8(&s);
  check_conv_f32(&s);
  check_ops_f32(&s);
  check_rans(&s);
  check_resize(&s);
  return report(count - i, arguments + i);
}
