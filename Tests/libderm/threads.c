// threads BUNDLE IMAGE ROUNDS: threads that share a model answer alike, sessions outlive the model, and a session that
// two threads use answers right or not at all.
#include <pthread.h>

#include "support.h"

enum { thread_count = 4 };

static derm_model *model;
static derm_session *shared;
static const char *image;
static int rounds;
static double expected;
static int refused, answered;

static double first(derm_session *session) {
  derm_error error;
  derm_class best;
  size_t count;
  OK(derm_session_write_image_file(session, 0, image, &error));
  OK(derm_session_run(session, &error));
  OK(derm_session_top(session, 0, &best, 1, &count, &error));
  CHECK(count == 1);
  return best.probability;
}

static void *run_own(void *argument) {
  derm_error error;
  for (int round = 0; round < rounds; round++) {
    derm_session *session;
    OK(derm_session_open(model, 1 + (int)(size_t)argument % 2, &session, &error));
    for (int i = 0; i < 5; i++) CHECK(first(session) == expected);
    derm_session_close(session);
  }
  return NULL;
}

static void *run_shared(void *argument) {
  derm_error error;
  const derm_pixels *pixels = argument;
  for (int i = 0; i < rounds * 50; i++) {
    const derm_status status = derm_session_write_pixels(shared, 0, pixels, &error);
    CHECK(status == DERM_OK || (status == DERM_IN_USE && strstr(error.message, "another thread")));
    __atomic_add_fetch(status == DERM_OK ? &answered : &refused, 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

static void on_threads(void *(*work)(void *), void *(*argument)(size_t)) {
  pthread_t threads[thread_count];
  for (size_t i = 0; i < thread_count; i++) CHECK(pthread_create(&threads[i], NULL, work, argument(i)) == 0);
  for (size_t i = 0; i < thread_count; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

static unsigned char block[64 * 64 * 3];
static derm_pixels pixels = {.format = DERM_RGB, .width = 64, .height = 64, .planes = {block}};

static void *number(size_t i) { return (void *)i; }
static void *frame(size_t i) { return i < thread_count ? &pixels : NULL; }

int main(int argc, char **argv) {
  CHECK(argc == 4);
  derm_error error;
  image = argv[2];
  rounds = atoi(argv[3]);
  OK(derm_model_open(argv[1], NULL, &model, &error));
  OK(derm_session_open(model, 1, &shared, &error));
  expected = first(shared);
  on_threads(run_own, number);
  on_threads(run_shared, frame);
  CHECK(answered > 0 && answered + refused == thread_count * rounds * 50);
  derm_model_close(model);
  CHECK(first(shared) == expected);
  derm_session_close(shared);
  printf("%d frames written by several threads, %d refused\n", answered, refused);
  return 0;
}
