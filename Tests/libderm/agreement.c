// agreement BUNDLE LINES IMAGE ...: the answers of libderm are those that derm-run printed to the file LINES, to the
// last bit of the float that it prints, for the images as files, as bytes, and for a session of two threads.
#include "support.h"

static derm_error error;

// The next line without its end; NULL where there is none.
static char *next_line(char **rest) {
  char *line = *rest;
  char *end = strchr(line, '\n');
  if (!end) return NULL;
  *end = 0;
  *rest = end + 1;
  return line;
}

// "\tNAME\tNUMBER" after the image's name.
static void check_line(char **rest, const char *image, const char *name, double probability) {
  char *line = next_line(rest);
  CHECK(line && strncmp(line, image, strlen(image)) == 0);
  char *found = line + strlen(image);
  CHECK(*found++ == '\t' && strncmp(found, name, strlen(name)) == 0);
  found += strlen(name);
  CHECK(*found++ == '\t');
  char *end;
  const float expected = strtof(found, &end);
  CHECK(*end == 0);
  const float own = (float)probability;
  CHECK(memcmp(&expected, &own, sizeof own) == 0);
}

static void check_answer(const derm_model *model, derm_session *session, char **rest, const char *image) {
  if (derm_model_task(model) == DERM_TASK_NONE) {
    char *line = next_line(rest);
    CHECK(line && strncmp(line, image, strlen(image)) == 0);
    char *found = line + strlen(image);
    CHECK(strncmp(found, "\t-\t", 3) == 0);
    found += 3;
    const float *numbers;
    size_t count;
    OK(derm_session_output(session, 0, &numbers, &count, &error));
    for (size_t i = 0; i < count; i++) CHECK(strtof(found, &found) == numbers[i]);
    CHECK(*found == 0);
    return;
  }
  const size_t count = derm_model_class_count(model);
  derm_class *classes = calloc(count, sizeof *classes);
  double *probabilities = calloc(count, sizeof *probabilities);
  CHECK(classes && probabilities);
  size_t found = 0;
  OK(derm_session_top(session, 0, classes, count, &found, &error));
  CHECK(found == count);
  OK(derm_session_probabilities(session, 0, probabilities, count, &error));
  int32_t decision;
  OK(derm_session_decision(session, 0, &decision, &error));
  size_t decided = 0;
  // derm-run goes by the model's order.
  for (size_t index = 0; index < count; index++) {
    for (size_t k = 0; k < count; k++) {
      if (classes[k].index != (int32_t)index) continue;
      CHECK(classes[k].probability == probabilities[index]);
      CHECK(classes[k].name == derm_model_class_name(model, index));
      CHECK(k == 0 || classes[k - 1].probability >= classes[k].probability);
      if (!classes[k].is_decided) continue;
      decided++;
      CHECK(derm_model_task(model) == DERM_TASK_MULTILABEL ? decision == -1 : decision == (int32_t)index);
      check_line(rest, image, classes[k].name, classes[k].probability);
    }
  }
  if (decided == 0) check_line(rest, image, "none", classes[0].probability);
  free(classes);
  free(probabilities);
}

int main(int argc, char **argv) {
  CHECK(argc > 3);
  derm_model *model;
  OK(derm_model_open(argv[1], NULL, &model, &error));
  for (int round = 0; round < 3; round++) {
    derm_session *session;
    OK(derm_session_open(model, round == 2 ? 2 : 1, &session, &error));
    size_t count;
    unsigned char *lines = read_file(argv[2], &count);
    lines[count] = 0;
    char *rest = (char *)lines;
    for (int i = 3; i < argc; i++) {
      if (round == 1) {
        size_t size;
        unsigned char *bytes = read_file(argv[i], &size);
        OK(derm_session_write_image_bytes(session, 0, bytes, size, &error));
        free(bytes);
      } else {
        OK(derm_session_write_image_file(session, 0, argv[i], &error));
      }
      OK(derm_session_run(session, &error));
      check_answer(model, session, &rest, argv[i]);
    }
    CHECK(*rest == 0);
    free(lines);
    derm_session_close(session);
  }
  derm_model_close(model);
  return 0;
}
