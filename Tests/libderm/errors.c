// errors BUNDLE WITH_OTHER_INPUT OF_TWO_IMAGES IMAGE FOLDER: every way in which a call can fail gives its status and a
// sentence, and leaves a session that goes on. FOLDER is for files of its own. AddressSanitizer then also shows that
// nothing is read where it should not be, and that closing gives everything back.
#define _GNU_SOURCE
#include <math.h>
#include <sys/resource.h>

#include "support.h"

// Which needs address space of its own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static derm_error error;

static const char key[] =
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----\n";

static void check_files(const char *bundle, const char *folder) {
  derm_model *model = NULL;
  FAILS(DERM_INVALID_ARGUMENT, "path is NULL", derm_model_open(NULL, NULL, &model, &error));
  FAILS(DERM_INVALID_ARGUMENT, "model is NULL", derm_model_open(bundle, NULL, NULL, &error));
  CHECK(derm_model_open(NULL, NULL, &model, NULL) == DERM_INVALID_ARGUMENT);
  char path[4096];
  snprintf(path, sizeof path, "%s/changed.derm", folder);
  remove(path);
  FAILS(DERM_UNREADABLE_FILE, "No such file", derm_model_open(path, NULL, &model, &error));
  FAILS(DERM_UNREADABLE_FILE, "not a regular file", derm_model_open(folder, NULL, &model, &error));
  write_file(path, "hello", 5);
  FAILS(DERM_NOT_A_BUNDLE, "too short", derm_model_open(path, NULL, &model, &error));
  char text[3000];
  memset(text, 'x', sizeof text);
  write_file(path, text, sizeof text);
  FAILS(DERM_NOT_A_BUNDLE, "does not begin with DERM", derm_model_open(path, NULL, &model, &error));
  // A sentence that does not fit ends in the middle, at a character.
  for (size_t i = 0; i + 2 < sizeof text; i += 3) memcpy(text + i, "\xe2\x82\xac", 3);
  text[sizeof text - 1] = 0;
  FAILS(DERM_UNREADABLE_FILE, "\xe2\x82\xac", derm_model_open(text, NULL, &model, &error));
  const size_t length = strlen(error.message);
  CHECK(length < sizeof error.message);

  size_t count;
  unsigned char *bytes = read_file(bundle, &count);
  for (size_t place = 8; place < count; place += count / 50 + 1) {
    bytes[place] ^= 4;
    write_file(path, bytes, count);
    FAILS(DERM_DAMAGED, "changed.derm: ", derm_model_open(path, NULL, &model, &error));
    bytes[place] ^= 4;
  }
  write_file(path, bytes, count - 1);
  FAILS(DERM_DAMAGED, "cut off", derm_model_open(path, NULL, &model, &error));
  write_file(path, bytes, 30);
  FAILS(DERM_DAMAGED, "30 bytes", derm_model_open(path, NULL, &model, &error));
  bytes[4] = 9;
  write_file(path, bytes, count);
  FAILS(DERM_UNSUPPORTED_VERSION, "version 9", derm_model_open(path, NULL, &model, &error));
  free(bytes);
  CHECK(model == NULL);
}

static void check_options(const char *bundle) {
  derm_model *model = NULL;
  derm_open_options options = {sizeof options, 1000, NULL, 0};
  FAILS(DERM_MEMORY_LIMIT, ".derm: ", derm_model_open(bundle, &options, &model, &error));
  options.size = 4;
  FAILS(DERM_INVALID_ARGUMENT, "options.size is 4", derm_model_open(bundle, &options, &model, &error));
  const char *keys[] = {key, NULL, "no key"};
  options = (derm_open_options){sizeof options, 0, NULL, 1};
  FAILS(DERM_INVALID_ARGUMENT, "public_keys is NULL", derm_model_open(bundle, &options, &model, &error));
  options.public_keys = keys;
  FAILS(DERM_UNTRUSTED, "is not signed", derm_model_open(bundle, &options, &model, &error));
  options.public_key_count = 0;
  FAILS(DERM_UNTRUSTED, "no key is trusted", derm_model_open(bundle, &options, &model, &error));
  options.public_key_count = 2;
  FAILS(DERM_INVALID_ARGUMENT, "public key is NULL", derm_model_open(bundle, &options, &model, &error));
  keys[0] = keys[2];
  FAILS(DERM_INVALID_KEY, "PEM", derm_model_open(bundle, &options, &model, &error));
  CHECK(model == NULL);
}

static void check_nothing(void) {
  derm_model_close(NULL);
  derm_session_close(NULL);
  derm_session *session = NULL;
  derm_class best;
  size_t count = 7;
  int32_t index;
  double probability;
  const float *numbers;
  const float one = 1;
  CHECK(derm_model_task(NULL) == DERM_TASK_NONE && derm_model_class_count(NULL) == 0);
  CHECK(derm_model_class_name(NULL, 0) == NULL && derm_model_batch(NULL) == 0);
  CHECK(derm_model_input_shape(NULL, NULL, 0) == 0 && derm_model_other_input_count(NULL) == 0);
  CHECK(derm_model_other_input_name(NULL, 0) == NULL && derm_model_other_input_size(NULL, 0) == 0);
  CHECK(derm_model_output_count(NULL) == 0 && derm_model_output_name(NULL, 0) == NULL);
  CHECK(derm_model_output_shape(NULL, 0, NULL, 0) == 0);
  FAILS(DERM_INVALID_ARGUMENT, "model is NULL", derm_session_open(NULL, 1, &session, &error));
  const char *none = "session is NULL";
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_write_image_file(NULL, 0, "a.jpg", &error));
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_write_image_bytes(NULL, 0, "a", 1, &error));
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_write_pixels(NULL, 0, &(derm_pixels){0}, &error));
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_write_numbers(NULL, &one, 1, &error));
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_write_input(NULL, "age", &one, 1, &error));
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_run(NULL, &error));
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_top(NULL, 0, &best, 1, &count, &error));
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_decision(NULL, 0, &index, &error));
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_probabilities(NULL, 0, &probability, 1, &error));
  FAILS(DERM_INVALID_ARGUMENT, none, derm_session_output(NULL, 0, &numbers, &count, &error));
  CHECK(count == 7 && session == NULL);
  CHECK(derm_abi_version() == DERM_ABI_VERSION);
  for (int status = 0; status <= DERM_IN_USE; status++) CHECK(strcmp(derm_status_name(status), "unknown"));
  CHECK(strcmp(derm_status_name((derm_status)99), "unknown") == 0);
}

static void check_pixels(derm_session *session) {
  unsigned char *block = calloc(1, 64 * 64 * 4);
  CHECK(block);
  derm_pixels pixels = {0};
  FAILS(DERM_INVALID_ARGUMENT, "pixels is NULL", derm_session_write_pixels(session, 0, NULL, &error));
  FAILS(DERM_INVALID_ARGUMENT, "format is 0", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels = (derm_pixels){.format = DERM_NV12, .width = 64, .height = 64, .planes = {block}};
  FAILS(DERM_INVALID_ARGUMENT, "planes[1] is NULL", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels.format = DERM_RGBA;
  OK(derm_session_write_pixels(session, 0, &pixels, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "image 1", derm_session_write_pixels(session, 1, &pixels, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "image ", derm_session_write_pixels(session, SIZE_MAX, &pixels, &error));
  const derm_pixels whole = pixels;
  pixels.matrix = (derm_yuv_matrix)5;
  FAILS(DERM_INVALID_ARGUMENT, "matrix is 5", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels = whole;
  pixels.rotation = 45;
  FAILS(DERM_INVALID_ARGUMENT, "rotation is 45", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels = whole;
  pixels.width = 0;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "0 x 64", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels.width = INT32_MAX;
  pixels.height = INT32_MAX;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "2147483647 x", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels.height = INT32_MIN;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "x -2147483648", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels = whole;
  pixels.strides[0] = 255;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "255 bytes a row", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels.strides[0] = SIZE_MAX;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "apart, are more", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels = whole;
  pixels.crop_x = 60;
  pixels.crop_width = 5;
  pixels.crop_height = 1;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "crop of 5 x 1", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels.crop_x = INT32_MAX;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "crop of", derm_session_write_pixels(session, 0, &pixels, &error));
  pixels.crop_x = -1;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "crop of", derm_session_write_pixels(session, 0, &pixels, &error));
  // Every byte that is said to be there and no other: the block ends with the frame.
  for (int format = DERM_GRAY; format <= DERM_I420; format++) {
    for (int rotation = 0; rotation < 360; rotation += 90) {
      const size_t width = 37, height = 21, chroma = 19 * 11;
      static const size_t pixel_bytes[] = {[DERM_GRAY] = 1, [DERM_RGB] = 3,  [DERM_BGR] = 3,  [DERM_RGBA] = 4,
                                           [DERM_BGRA] = 4, [DERM_NV12] = 1, [DERM_NV21] = 1, [DERM_I420] = 1};
      const size_t luma = width * height * pixel_bytes[format];
      unsigned char *exact[3] = {malloc(luma), malloc(format == DERM_I420 ? chroma : 2 * chroma), malloc(chroma)};
      for (int i = 0; i < 3; i++) CHECK(exact[i]);
      memset(exact[0], 100, luma);
      memset(exact[1], 90, format == DERM_I420 ? chroma : 2 * chroma);
      memset(exact[2], 80, chroma);
      pixels = (derm_pixels){.format = (derm_pixel_format)format, .width = 37, .height = 21, .rotation = rotation};
      for (int i = 0; i < 3; i++) pixels.planes[i] = exact[i];
      OK(derm_session_write_pixels(session, 0, &pixels, &error));
      for (int i = 0; i < 3; i++) free(exact[i]);
    }
  }
  free(block);
}

static void check_session(const char *bundle, const char *image, const char *folder) {
  derm_model *model;
  OK(derm_model_open(bundle, NULL, &model, &error));
  derm_session *session = NULL;
  FAILS(DERM_INVALID_ARGUMENT, "session is NULL", derm_session_open(model, 1, NULL, &error));
  const int32_t wrong[] = {INT32_MIN, -1, 0, 257, INT32_MAX};
  for (int i = 0; i < 5; i++) {
    FAILS(DERM_INVALID_THREADS, "threads: expected 1 to 256", derm_session_open(model, wrong[i], &session, &error));
  }
  CHECK(session == NULL);
  OK(derm_session_open(model, 1, &session, &error));
  // The session keeps what it needs; so do the names it gives.
  const size_t classes = derm_model_class_count(model);
  size_t shape[4];
  CHECK(derm_model_input_shape(model, shape, 4) == 4 && derm_model_input_shape(model, NULL, 9) == 4);
  CHECK(derm_model_class_name(model, classes) == NULL && derm_model_class_name(model, SIZE_MAX) == NULL);
  CHECK(derm_model_output_shape(model, 1000, shape, 4) == 0 && derm_model_output_name(model, 1000) == NULL);
  derm_model_close(model);

  derm_class best[2];
  size_t count = 7;
  int32_t index;
  const float *numbers;
  double *probabilities = calloc(classes, sizeof *probabilities);
  CHECK(probabilities);
  FAILS(DERM_INPUT_DOES_NOT_FIT, "no answer", derm_session_top(session, 0, best, 2, &count, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "no answer", derm_session_output(session, 0, &numbers, &count, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "missing", derm_session_run(session, &error));
  FAILS(DERM_INVALID_ARGUMENT, "path is NULL", derm_session_write_image_file(session, 0, NULL, &error));
  FAILS(DERM_UNREADABLE_FILE, "No such file", derm_session_write_image_file(session, 0, "absent.jpg", &error));
  FAILS(DERM_UNREADABLE_IMAGE, "not an image", derm_session_write_image_file(session, 0, bundle, &error));
  FAILS(DERM_UNREADABLE_FILE, "regular file", derm_session_write_image_file(session, 0, folder, &error));
  FAILS(DERM_INVALID_ARGUMENT, "bytes is NULL", derm_session_write_image_bytes(session, 0, NULL, 5, &error));
  FAILS(DERM_UNREADABLE_IMAGE, "not an image", derm_session_write_image_bytes(session, 0, "", 0, &error));
  size_t size;
  unsigned char *bytes = read_file(image, &size);
  FAILS(DERM_UNREADABLE_IMAGE, "damaged", derm_session_write_image_bytes(session, 0, bytes, size / 2, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "image 3", derm_session_write_image_bytes(session, 3, bytes, size, &error));
  check_pixels(session);

  const size_t input = shape[0] * shape[1] * shape[2] * shape[3];
  float *values = calloc(input, sizeof *values);
  CHECK(values);
  FAILS(DERM_INVALID_ARGUMENT, "numbers is NULL", derm_session_write_numbers(session, NULL, input, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "numbers", derm_session_write_numbers(session, values, input - 1, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "numbers", derm_session_write_numbers(session, values, SIZE_MAX, &error));
  const float odd[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    values[input - 1] = odd[i];
    FAILS(DERM_NOT_FINITE, "only finite numbers", derm_session_write_numbers(session, values, input, &error));
  }
  values[input - 1] = 0;
  FAILS(DERM_INVALID_ARGUMENT, "name is NULL", derm_session_write_input(session, NULL, values, 1, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "no input age", derm_session_write_input(session, "age", values, 1, &error));

  // After all that an answer.
  OK(derm_session_write_numbers(session, values, input, &error));
  OK(derm_session_run(session, &error));
  OK(derm_session_write_image_bytes(session, 0, bytes, size, &error));
  OK(derm_session_run(session, &error));
  FAILS(DERM_INVALID_ARGUMENT, "classes is NULL", derm_session_top(session, 0, NULL, 2, &count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "count is NULL", derm_session_top(session, 0, best, 2, NULL, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "answer 1", derm_session_top(session, 1, best, 2, &count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "index is NULL", derm_session_decision(session, 0, NULL, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "answer 1", derm_session_decision(session, 1, &index, &error));
  FAILS(DERM_INVALID_ARGUMENT, "probabilities is", derm_session_probabilities(session, 0, NULL, 9, &error));
  FAILS(DERM_INVALID_ARGUMENT, "capacity is 1", derm_session_probabilities(session, 0, probabilities, 1, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "answer", derm_session_probabilities(session, SIZE_MAX, probabilities, 99, &error));
  FAILS(DERM_INVALID_ARGUMENT, "numbers is NULL", derm_session_output(session, 0, NULL, &count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "count is NULL", derm_session_output(session, 0, &numbers, NULL, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "output 1", derm_session_output(session, 1, &numbers, &count, &error));
  CHECK(count == 7);
  OK(derm_session_top(session, 0, best, 2, &count, &error));
  CHECK(count == 2 && best[0].probability >= best[1].probability && strlen(best[0].name) > 0);
  OK(derm_session_top(session, 0, best, 0, &count, &error));
  CHECK(count == 0);
  // Where what failed has written nothing, the answer is still there; a new input takes it.
  FAILS(DERM_INPUT_DOES_NOT_FIT, "missing", derm_session_run(session, &error));
  OK(derm_session_decision(session, 0, &index, &error));
  OK(derm_session_write_numbers(session, values, input, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "no answer", derm_session_decision(session, 0, &index, &error));
  free(values);
  free(bytes);
  free(probabilities);
  derm_session_close(session);
}

// What an image becomes is written to as much memory as it needs, and to none where it cannot be.
static void check_preprocessing(const char *bundle, const char *image) {
  derm_model *model;
  OK(derm_model_open(bundle, NULL, &model, &error));
  size_t shape[4];
  CHECK(derm_model_input_shape(model, shape, 4) == 4);
  const size_t count = shape[1] * shape[2] * shape[3];
  float *numbers = calloc(count, sizeof *numbers);
  CHECK(numbers);
  const derm_pixels pixels = {.format = DERM_RGB, .width = 1, .height = 1, .planes = {"abc"}};
  size_t size;
  unsigned char *bytes = read_file(image, &size);
  FAILS(DERM_INVALID_ARGUMENT, "model is NULL",
        derm_model_preprocess_image_file(NULL, image, numbers, count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "path is NULL", derm_model_preprocess_image_file(model, NULL, numbers, count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "numbers is NULL", derm_model_preprocess_image_file(model, image, NULL, count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "an image becomes",
        derm_model_preprocess_image_file(model, image, numbers, count - 1, &error));
  FAILS(DERM_UNREADABLE_FILE, "No such file",
        derm_model_preprocess_image_file(model, "absent.jpg", numbers, count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "bytes is NULL",
        derm_model_preprocess_image_bytes(model, NULL, 9, numbers, count, &error));
  FAILS(DERM_UNREADABLE_IMAGE, "damaged",
        derm_model_preprocess_image_bytes(model, bytes, size / 2, numbers, count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "pixels is NULL", derm_model_preprocess_pixels(model, NULL, numbers, count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "format is 0",
        derm_model_preprocess_pixels(model, &(derm_pixels){0}, numbers, count, &error));
  for (size_t i = 0; i < count; i++) CHECK(numbers[i] == 0);
  OK(derm_model_preprocess_pixels(model, &pixels, numbers, count, &error));
  CHECK(numbers[0] != 0 && numbers[count - 1] != 0);
  OK(derm_model_preprocess_image_bytes(model, bytes, size, numbers, SIZE_MAX, &error));
  free(bytes);
  free(numbers);
  derm_model_close(model);
}

// Where the system gives no memory, a session is refused before it asks for it.
static void check_memory(const char *bundle) {
#if !defined(__SANITIZE_ADDRESS__)
  derm_model *model;
  derm_session *session = NULL;
  OK(derm_model_open(bundle, NULL, &model, &error));
  FILE *file = fopen("/proc/self/statm", "r");
  unsigned long pages;
  CHECK(file && fscanf(file, "%lu", &pages) == 1);
  fclose(file);
  struct rlimit before, limit;
  CHECK(getrlimit(RLIMIT_AS, &before) == 0);
  limit = before;
  limit.rlim_cur = pages * 4096 + 65536;
  CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
  struct rlimit kept;
  CHECK(getrlimit(RLIMIT_AS, &kept) == 0);
  if (kept.rlim_cur != limit.rlim_cur) {
    // QEMU does not limit programs, since it would limit itself.
    printf("Memory cannot be limited here: what a session does without it is not checked\n");
    derm_model_close(model);
    return;
  }
  FAILS(DERM_OUT_OF_MEMORY, "out of memory: ", derm_session_open(model, 1, &session, &error));
  CHECK(setrlimit(RLIMIT_AS, &before) == 0);
  CHECK(session == NULL);
  OK(derm_session_open(model, 1, &session, &error));
  derm_session_close(session);
  derm_model_close(model);
#else
  (void)bundle;
#endif
}

// Numbers beside the image, and answers that overflow.
static void check_other_input(const char *bundle, const char *image) {
  derm_model *model;
  derm_session *session;
  OK(derm_model_open(bundle, NULL, &model, &error));
  OK(derm_session_open(model, 1, &session, &error));
  CHECK(derm_model_other_input_count(model) == 1);
  const char *name = derm_model_other_input_name(model, 0);
  const size_t count = derm_model_other_input_size(model, 0);
  CHECK(name && count > 0);
  CHECK(derm_model_other_input_name(model, 1) == NULL && derm_model_other_input_size(model, 1) == 0);
  float *values = calloc(count, sizeof *values);
  CHECK(values);
  OK(derm_session_write_image_file(session, 0, image, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "is missing", derm_session_run(session, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "numbers, the model takes",
        derm_session_write_input(session, name, values, count + 1, &error));
  OK(derm_session_write_input(session, name, values, count, &error));
  OK(derm_session_run(session, &error));
  for (size_t i = 0; i < count; i++) values[i] = i % 2 ? -3e38f : 3e38f;
  OK(derm_session_write_image_file(session, 0, image, &error));
  OK(derm_session_write_input(session, name, values, count, &error));
  FAILS(DERM_NOT_FINITE, "the model answers", derm_session_run(session, &error));
  int32_t index;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "no answer", derm_session_decision(session, 0, &index, &error));
  free(values);
  derm_session_close(session);
  derm_model_close(model);
}

int main(int argc, char **argv) {
  CHECK(argc == 6);
  const char *bundle = argv[1], *image = argv[4], *folder = argv[5];
  check_nothing();
  check_files(bundle, folder);
  check_options(bundle);
  derm_model *model = NULL;
  FAILS(DERM_UNSUPPORTED_MODEL, "expected one input for images", derm_model_open(argv[3], NULL, &model, &error));
  check_session(bundle, image, folder);
  check_preprocessing(bundle, image);
  check_memory(bundle);
  check_other_input(argv[2], image);
  return 0;
}
