// latency BUNDLE RUNS: the best and the median time of writing numbers, running and reading, in milliseconds, on one
// thread; for scripts/bench-doors.
#define _POSIX_C_SOURCE 199309L
#include <time.h>

#include "support.h"

static derm_error error;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  const int runs = atoi(argv[2]);
  CHECK(runs > 0);
  derm_model *model;
  derm_session *session;
  OK(derm_model_open(argv[1], NULL, &model, &error));
  OK(derm_session_open(model, 1, &session, &error));
  size_t shape[4], count = 1;
  const size_t rank = derm_model_input_shape(model, shape, 4);
  CHECK(rank <= 4);
  for (size_t i = 0; i < rank; i++) count *= shape[i];
  float *numbers = calloc(count, sizeof *numbers);
  double *times = calloc((size_t)runs, sizeof *times);
  CHECK(numbers && times);
  for (int i = 0; i < runs; i++) {
    const double start = now();
    const float *output;
    size_t size;
    OK(derm_session_write_numbers(session, numbers, count, &error));
    OK(derm_session_run(session, &error));
    OK(derm_session_output(session, 0, &output, &size, &error));
    times[i] = now() - start;
  }
  qsort(times, (size_t)runs, sizeof *times, by_size);
  printf("%.4f %.4f\n", times[0], times[runs / 2]);
  free(times);
  free(numbers);
  derm_session_close(session);
  derm_model_close(model);
  return 0;
}
