// doors ROOT FOLDER [--write]: libderm answers the cases of ROOT/fixtures/doors/cases.txt as they say; the README there
// says how they are read. FOLDER is for files of its own. With --write the cases are printed with what was answered.
#include <inttypes.h>
#include <math.h>

#include "support.h"

enum { most_lines = 16, line_length = 640 };

// The lines of a case that say what is given, and how many lines it has.
typedef struct given {
  char lines[most_lines][line_length];
  int count;
} given;

static derm_error error;
static const char *root, *folder;

// FNV-1a, to begin with `nothing`.
static const uint64_t nothing = UINT64_C(14695981039346656037);

static uint64_t digest(uint64_t before, const void *bytes, size_t count) {
  const unsigned char *byte = bytes;
  for (size_t i = 0; i < count; i++) before = (before ^ byte[i]) * UINT64_C(1099511628211);
  return before;
}

// The line's words; returns how many they are.
static int split(char *line, char *words[], int capacity) {
  int count = 0;
  for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
    CHECK(count < capacity);
    words[count++] = word;
  }
  for (int i = count; i < capacity; i++) words[i] = "";
  return count;
}

static int32_t number(const char *word) {
  char *end;
  const long value = strtol(word, &end, 10);
  CHECK(*word && *end == 0);
  return (int32_t)value;
}

static float *make_numbers(size_t count, const char *kind) {
  float *numbers = malloc(count * sizeof *numbers);
  CHECK(numbers);
  const int is_large = strcmp(kind, "large") == 0;
  for (size_t i = 0; i < count; i++) {
    numbers[i] = is_large ? (i % 2 ? -3e38f : 3e38f) : ((float)(i * 37 % 101) - 50) / 32;
  }
  if (strcmp(kind, "nan") == 0) numbers[count - 1] = NAN;
  return numbers;
}

// The pixels that a line describes, in a block that ends with them.
static derm_pixels make_pixels(char *words[], int count, unsigned char **block) {
  static const char *const formats[] = {"", "gray", "rgb", "bgr", "rgba", "bgra", "nv12", "nv21", "i420"};
  static const int32_t pixel_bytes[] = {0, 1, 3, 3, 4, 4, 1, 1, 1};
  derm_pixels pixels = {.width = number(words[2]), .height = number(words[3])};
  int format = 1;
  while (strcmp(words[1], formats[format]) != 0) CHECK(++format <= DERM_I420);
  pixels.format = (derm_pixel_format)format;
  const size_t chroma_rows = (size_t)(pixels.height + 1) / 2;
  pixels.strides[0] = (size_t)(pixels.width * pixel_bytes[format]);
  pixels.strides[1] = (size_t)(pixels.width + 1) / 2 * (format == DERM_I420 ? 1 : 2);
  for (int i = 4; i < count; i++) {
    if (strcmp(words[i], "full") == 0) {
      pixels.matrix = DERM_BT601_FULL;
    } else if (strcmp(words[i], "stride") == 0) {
      pixels.strides[0] = (size_t)number(words[++i]);
    } else if (strcmp(words[i], "chroma") == 0) {
      pixels.strides[1] = (size_t)number(words[++i]);
    } else if (strcmp(words[i], "turn") == 0) {
      pixels.rotation = number(words[++i]);
    } else {
      CHECK(strcmp(words[i], "crop") == 0);
      pixels.crop_x = number(words[++i]);
      pixels.crop_y = number(words[++i]);
      pixels.crop_width = number(words[++i]);
      pixels.crop_height = number(words[++i]);
    }
  }
  pixels.strides[2] = pixels.strides[1];
  const size_t luma = pixels.strides[0] * (size_t)pixels.height, chroma = pixels.strides[1] * chroma_rows;
  const size_t planes = format == DERM_I420 ? 2 : format >= DERM_NV12 ? 1 : 0;
  const size_t bytes = luma + planes * chroma;
  *block = malloc(bytes);
  CHECK(*block);
  for (size_t i = 0; i < bytes; i++) (*block)[i] = (unsigned char)((i / 7 + 1) * UINT64_C(2654435761) >> 9);
  pixels.planes[0] = *block;
  if (planes > 0) pixels.planes[1] = *block + luma;
  if (planes > 1) pixels.planes[2] = *block + luma + chroma;
  return pixels;
}

// Writes one input; what images become before goes to *input.
static derm_status write_input(const derm_model *model, derm_session *session, char *line, size_t *position,
                               uint64_t *input) {
  char *words[16], path[4096];
  const int count = split(line, words, 16);
  snprintf(path, sizeof path, "%s/%s", root, words[1]);
  if (strcmp(words[0], "numbers") == 0 || strcmp(words[0], "other") == 0) {
    const int is_other = words[0][0] == 'o';
    const size_t wanted = (size_t)number(words[1 + is_other]);
    float *numbers = make_numbers(wanted, words[2 + is_other]);
    const derm_status status = is_other ? derm_session_write_input(session, words[1], numbers, wanted, &error)
                                        : derm_session_write_numbers(session, numbers, wanted, &error);
    free(numbers);
    return status;
  }
  size_t shape[4], size = 1;
  const size_t rank = derm_model_input_shape(model, shape, 4);
  CHECK(rank <= 4);
  for (size_t i = 1; i < rank; i++) size *= shape[i];
  float *seen = malloc(size * sizeof *seen);
  CHECK(seen);
  derm_status prepared, status;
  unsigned char *block = NULL;
  if (strcmp(words[0], "file") == 0) {
    prepared = derm_model_preprocess_image_file(model, path, seen, size, &error);
    status = derm_session_write_image_file(session, *position, path, &error);
  } else if (strcmp(words[0], "bytes") == 0) {
    size_t length;
    block = read_file(path, &length);
    if (count > 2) length = (size_t)number(words[2]);
    prepared = derm_model_preprocess_image_bytes(model, block, length, seen, size, &error);
    status = derm_session_write_image_bytes(session, *position, block, length, &error);
  } else {
    CHECK(strcmp(words[0], "pixels") == 0);
    const derm_pixels pixels = make_pixels(words, count, &block);
    prepared = derm_model_preprocess_pixels(model, &pixels, seen, size, &error);
    status = derm_session_write_pixels(session, *position, &pixels, &error);
  }
  CHECK(prepared == status);
  if (status == DERM_OK) *input = digest(*input, seen, size * sizeof *seen);
  *position += 1;
  free(block);
  free(seen);
  return status;
}

static derm_status open_model(const given *given, derm_model **model, int32_t *threads) {
  char path[4096] = "";
  derm_open_options options = {sizeof options, 0, NULL, 0};
  unsigned char *key = NULL;
  const char *keys[1];
  for (int i = 0; i < given->count; i++) {
    char line[line_length], *words[16];
    strcpy(line, given->lines[i]);
    split(line, words, 16);
    char named[4096];
    snprintf(named, sizeof named, "%s/fixtures/doors/%s", root, words[1]);
    if (strcmp(words[0], "bundle") == 0) {
      strcpy(path, named);
      if (*words[2]) {
        size_t count;
        unsigned char *bytes = read_file(named, &count);
        const size_t place = (size_t)number(words[3]);
        CHECK(place < count);
        if (strcmp(words[2], "cut") == 0) {
          count = place;
        } else {
          CHECK(strcmp(words[2], "flip") == 0);
          bytes[place] ^= 1;
        }
        snprintf(path, sizeof path, "%s/changed.derm", folder);
        write_file(path, bytes, count);
        free(bytes);
      }
    } else if (strcmp(words[0], "limit") == 0) {
      options.maximum_bytes = (uint64_t)number(words[1]);
    } else if (strcmp(words[0], "threads") == 0) {
      *threads = number(words[1]);
    } else if (strcmp(words[0], "key") == 0) {
      size_t count;
      key = read_file(named, &count);
      key = realloc(key, count + 1);
      CHECK(key);
      key[count] = 0;
      keys[0] = (const char *)key;
      options.public_keys = keys;
      options.public_key_count = 1;
    }
  }
  const derm_status status = derm_model_open(path, &options, model, &error);
  free(key);
  return status;
}

// The labels of an image that are decided for, in the model's order.
static void add_decisions(const derm_model *model, derm_session *session, size_t position, char *text, size_t size) {
  const size_t count = derm_model_class_count(model);
  derm_class *classes = calloc(count + 1, sizeof *classes);
  CHECK(classes);
  size_t found;
  OK(derm_session_top(session, position, classes, count, &found, &error));
  const char *separator = "decided ";
  for (int32_t index = 0; index < (int32_t)count; index++) {
    for (size_t i = 0; i < found; i++) {
      if (classes[i].index != index || !classes[i].is_decided) continue;
      const size_t used = strlen(text);
      snprintf(text + used, size - used, "%s%s", separator, classes[i].name);
      separator = ", ";
    }
  }
  if (*separator == 'd') strcat(text, "decided none");
  strcat(text, "\n");
  free(classes);
}

// How sure the answer to an image is, where the model tells.
static void add_certainty(const derm_model *model, derm_session *session, size_t position, char *text, size_t size) {
  if (!derm_model_tells_certainty(model)) return;
  const size_t count = derm_model_class_count(model);
  int32_t *indices = calloc(count + 1, sizeof *indices);
  double *probabilities = calloc(count + 1, sizeof *probabilities);
  CHECK(indices && probabilities);
  derm_certainty certainty;
  OK(derm_session_certainty(session, position, &certainty, &error));
  OK(derm_session_calibrated_probabilities(session, position, probabilities, count, &error));
  double far;
  OK(derm_session_distance(session, position, &far, &error));
  uint64_t numbers = nothing;
  for (size_t i = 0; i < count; i++) {
    const float number = (float)probabilities[i];
    numbers = digest(numbers, &number, sizeof number);
  }
  const float confidence = (float)certainty.confidence, energy = (float)certainty.energy, distance = (float)far;
  numbers = digest(numbers, &confidence, sizeof confidence);
  if (!isnan(energy)) numbers = digest(numbers, &energy, sizeof energy);
  if (!isnan(distance)) numbers = digest(numbers, &distance, sizeof distance);
  size_t used = strlen(text), found;
  snprintf(text + used, size - used, "sure %016" PRIx64 "\n", numbers);
  OK(derm_session_set(session, position, indices, count, &found, &error));
  const char *separator = "set ";
  for (size_t i = 0; i < found; i++) {
    used = strlen(text);
    snprintf(text + used, size - used, "%s%s", separator, derm_model_class_name(model, (size_t)indices[i]));
    separator = ", ";
  }
  used = strlen(text);
  snprintf(text + used, size - used, "%s\n%s %s\n", found ? "" : "set none",
           certainty.abstains ? "abstains" : "answers", certainty.abstains ? certainty.why : "it");
  free(indices);
  free(probabilities);
}

// Runs a case; the lines that say what it gives.
static derm_status answer(const given *given, derm_model **model, derm_session **session, char *text, size_t size) {
  int32_t threads = 1;
  derm_status status = open_model(given, model, &threads);
  if (status) return status;
  status = derm_session_open(*model, threads, session, &error);
  if (status) return status;
  uint64_t input = nothing, output = nothing;
  size_t position = 0;
  for (int i = 0; i < given->count; i++) {
    static const char *const openers[] = {"bundle ", "limit ", "threads ", "key "};
    int opens = 0;
    for (int k = 0; k < 4; k++) opens |= strncmp(given->lines[i], openers[k], strlen(openers[k])) == 0;
    if (opens) continue;
    char line[line_length];
    strcpy(line, given->lines[i]);
    status = write_input(*model, *session, line, &position, &input);
    if (status) return status;
  }
  status = derm_session_run(*session, &error);
  if (status) return status;
  for (size_t i = 0; i < derm_model_output_count(*model); i++) {
    const float *numbers;
    size_t count;
    OK(derm_session_output(*session, i, &numbers, &count, &error));
    output = digest(output, numbers, count * sizeof *numbers);
  }
  *text = 0;
  if (position > 0) snprintf(text, size, "input %016" PRIx64 "\n", input);
  const size_t used = strlen(text);
  snprintf(text + used, size - used, "output %016" PRIx64 "\n", output);
  for (size_t i = 0; i < derm_model_batch(*model); i++) {
    add_decisions(*model, *session, i, text, size);
    add_certainty(*model, *session, i, text, size);
  }
  return DERM_OK;
}

int main(int argc, char **argv) {
  CHECK(argc >= 3);
  root = argv[1];
  folder = argv[2];
  const int writes = argc > 3 && strcmp(argv[3], "--write") == 0;
  char path[4096], name[line_length] = "";
  snprintf(path, sizeof path, "%s/fixtures/doors/cases.txt", root);
  size_t count;
  unsigned char *bytes = read_file(path, &count);
  int cases = 0, wrong = 0;
  static given given;
  char expected[2048] = "";
  // A line more than there are ends the last case.
  for (char *line = (char *)bytes, *end = line + count; line <= end;) {
    char text[line_length] = "";
    if (line < end) {
      char *stop = memchr(line, '\n', (size_t)(end - line));
      CHECK(stop && stop - line < line_length);
      memcpy(text, line, (size_t)(stop - line));
      line = stop + 1;
    } else {
      line++;
    }
    if (strncmp(text, "case ", 5) == 0) {
      strcpy(name, text + 5);
      given.count = 0;
      *expected = 0;
    } else if (*text == 0 && *name) {
      char found[2048] = "";
      derm_model *model = NULL;
      derm_session *session = NULL;
      const derm_status status = answer(&given, &model, &session, found, sizeof found);
      if (status) snprintf(found, sizeof found, "refused %s\n", derm_status_name(status));
      derm_session_close(session);
      derm_model_close(model);
      if (writes) {
        fputs(found, stdout);
      } else if (strcmp(found, expected) != 0) {
        fprintf(stderr, "%s: found\n%sexpected\n%s", name, found, expected);
        wrong++;
      }
      cases++;
      *name = 0;
    } else if (strncmp(text, "input ", 6) == 0 || strncmp(text, "output ", 7) == 0 ||
               strncmp(text, "decided ", 8) == 0 || strncmp(text, "refused ", 8) == 0 ||
               strncmp(text, "sure ", 5) == 0 || strncmp(text, "set ", 4) == 0 || strncmp(text, "answers ", 8) == 0 ||
               strncmp(text, "abstains ", 9) == 0) {
      strcat(strcat(expected, text), "\n");
      continue;
    } else if (*name) {
      CHECK(given.count < most_lines);
      strcpy(given.lines[given.count++], text);
    }
    if (writes && line <= end) puts(text);
  }
  CHECK(cases > 0);
  if (!writes) printf("%d cases, %d wrong\n", cases, wrong);
  free(bytes);
  return wrong > 0;
}
