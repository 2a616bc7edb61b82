// explanation BUNDLE UNDECIDED IMAGE DECIDED.npy NV.npy: maps of where a model looks have the numbers that dermc run
// --explain writes, for the class decided for and for another; of a model that decides nothing there are none.
#include "support.h"

static derm_error error;
static float map[96 * 96], expected[96 * 96];

// Reads the numbers of a .npy file of [96, 96] floats; their header is as long as its bytes 8 and 9 say.
static void read_numbers(const char *path) {
  unsigned char head[10], rest[65536];
  FILE *file = fopen(path, "rb");
  CHECK(file && fread(head, 1, sizeof head, file) == sizeof head);
  const size_t length = (size_t)head[8] + 256 * (size_t)head[9];
  CHECK(length <= sizeof rest && fread(rest, 1, length, file) == length);
  CHECK(fread(expected, sizeof *expected, 96 * 96, file) == 96 * 96 && fgetc(file) == EOF);
  fclose(file);
}

static void check(derm_session *session, int32_t index, const char *path) {
  derm_explanation explanation;
  memset(&explanation, 0x55, sizeof explanation);
  memset(map, 0x55, sizeof map);
  OK(derm_session_explain(session, index, map, 96 * 96, &explanation, &error));
  CHECK(explanation.height == 96 && explanation.width == 96 && explanation.grid_height < 96);
  CHECK(strcmp(explanation.method, "gradcam") == 0 && (index < 0 || explanation.index == index));
  read_numbers(path);
  CHECK(memcmp(map, expected, sizeof map) == 0);
}

int main(int argc, char **argv) {
  CHECK(argc == 6);
  derm_model *model = NULL;
  derm_session *session = NULL;
  OK(derm_model_open(argv[1], NULL, &model, &error));
  OK(derm_session_open_explaining(model, 1, &session, &error));
  derm_explanation explanation;
  FAILS(DERM_INPUT_DOES_NOT_FIT, "no answer", derm_session_explain(session, -1, map, 96 * 96, &explanation, &error));
  OK(derm_session_write_image_file(session, 0, argv[3], &error));
  OK(derm_session_run(session, &error));
  int32_t decision;
  OK(derm_session_decision(session, 0, &decision, &error));
  OK(derm_session_explain(session, -1, NULL, 0, &explanation, &error));
  CHECK(explanation.index == decision && explanation.height * explanation.width == 96 * 96);
  check(session, -1, argv[4]);
  check(session, 5, argv[5]);
  FAILS(DERM_INVALID_ARGUMENT, "capacity is 9215",
        derm_session_explain(session, -1, map, 96 * 96 - 1, &explanation, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "class 7", derm_session_explain(session, 7, map, 96 * 96, &explanation, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "class -2", derm_session_explain(session, -2, map, 96 * 96, &explanation, &error));
  FAILS(DERM_INVALID_ARGUMENT, "explanation is NULL",
        derm_session_explain(session, -1, map, 96 * 96, NULL, &error));
  derm_session_close(session);

  OK(derm_session_open(model, 1, &session, &error));
  OK(derm_session_write_image_file(session, 0, argv[3], &error));
  OK(derm_session_run(session, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "to answer, not to explain",
        derm_session_explain(session, -1, map, 96 * 96, &explanation, &error));
  derm_session_close(session);
  derm_model_close(model);

  OK(derm_model_open(argv[2], NULL, &model, &error));
  FAILS(DERM_UNSUPPORTED_MODEL, "decides on no classes", derm_session_open_explaining(model, 1, &session, &error));
  derm_model_close(model);
  return 0;
}
