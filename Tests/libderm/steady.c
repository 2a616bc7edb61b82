// steady BUNDLE THREADS CALLS: once a frame was seen, no call of a session of one thread allocates, and resident memory
// stays where it is.
#include <stdint.h>

#include "support.h"

// The allocator's functions under the names that the whole process uses: glibc's own below, and a count.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static size_t allocations;

static size_t counted(void) { return __atomic_load_n(&allocations, __ATOMIC_RELAXED); }
static void count(void) { __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED); }

void *malloc(size_t size) {
  count();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count();
  return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
  count();
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory ? 0 : 12;
}

static derm_error error;

static long resident_pages(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  long size, resident;
  CHECK(file && fscanf(file, "%ld %ld", &size, &resident) == 2);
  fclose(file);
  return resident;
}

// One call of each kind that must not allocate; a sum of what it answers, so that it is the same each time.
static double call(const derm_model *model, derm_session *session, const derm_pixels *frames, size_t frame_count,
                   const float *numbers, size_t number_count) {
  double sum = 0;
  for (size_t k = 0; k <= frame_count; k++) {
    if (k < frame_count) {
      OK(derm_session_write_pixels(session, 0, &frames[k], &error));
    } else {
      OK(derm_session_write_numbers(session, numbers, number_count, &error));
    }
    OK(derm_session_run(session, &error));
    derm_class best[3];
    size_t found;
    OK(derm_session_top(session, 0, best, 3, &found, &error));
    double probabilities[100];
    OK(derm_session_probabilities(session, 0, probabilities, 100, &error));
    const float *output;
    size_t count;
    OK(derm_session_output(session, 0, &output, &count, &error));
    int32_t decision;
    OK(derm_session_decision(session, 0, &decision, &error));
    CHECK(decision == best[0].index && probabilities[decision] == best[0].probability);
    CHECK(strcmp(derm_model_class_name(model, (size_t)decision), best[0].name) == 0);
    for (size_t i = 0; i < found; i++) sum += (double)(k + 1) * best[i].probability;
    for (size_t i = 0; i < count; i++) sum += output[i];
  }
  return sum;
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  derm_model *model;
  derm_session *session;
  OK(derm_model_open(argv[1], NULL, &model, &error));
  OK(derm_session_open(model, atoi(argv[2]), &session, &error));
  enum { width = 160, height = 120 };
  static unsigned char block[width * height * 4];
  for (size_t i = 0; i < sizeof block; i++) block[i] = (unsigned char)(i * 2654435761u >> 11);
  // Of one size, upright, since that is what is kept: the same number of pixels is cropped out of each.
  const derm_pixels frames[] = {
      {.format = DERM_RGB, .width = width, .height = height, .planes = {block}},
      {.format = DERM_BGRA, .width = width, .height = height, .rotation = 180, .planes = {block}},
      {.format = DERM_NV12, .width = width, .height = height, .planes = {block, block + width * height}},
      {.format = DERM_GRAY, .width = height, .height = width, .rotation = 90, .planes = {block}},
  };
  size_t shape[4];
  CHECK(derm_model_input_shape(model, shape, 4) == 4);
  const size_t number_count = shape[0] * shape[1] * shape[2] * shape[3];
  float *numbers = calloc(number_count, sizeof *numbers);
  CHECK(numbers);
  for (size_t i = 0; i < number_count; i++) numbers[i] = (float)(i % 17) / 8 - 1;

  // Frames of one size in turn, so that each finds what it needs.
  const size_t frame_count = sizeof frames / sizeof *frames;
  const double expected = call(model, session, frames, frame_count, numbers, number_count);
  CHECK(call(model, session, frames, frame_count, numbers, number_count) == expected);
  const size_t before = counted();
  CHECK(before > 0);
  const long resident = resident_pages();
  const size_t opened = counted();
  const long calls = atol(argv[3]);
  const long rounds = calls / (long)(frame_count + 1);
  for (long round = 0; round < rounds; round++) {
    CHECK(call(model, session, frames, frame_count, numbers, number_count) == expected);
  }
  const size_t after = counted();
  const long grown = resident_pages() - resident;
  printf("%ld calls on %s threads: %zu allocations, %ld pages more\n", rounds * (long)(frame_count + 1), argv[2],
         after - opened, grown);
  // To hand out work to other threads takes some bytes for each layer.
  CHECK(after == opened || atoi(argv[2]) > 1);
  // What is touched for the first time: some pages of code and stacks, no more for more calls.
  CHECK(grown < 64);
  free(numbers);
  derm_session_close(session);
  derm_model_close(model);
  return 0;
}
