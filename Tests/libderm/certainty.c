// certainty TELLING PLAIN IMAGE: how sure answers are, of a bundle that tells it and one that does not.
#include <math.h>

#include "support.h"

static derm_error error;

static derm_session *answered(const char *path, const char *image, derm_model **model) {
  derm_session *session = NULL;
  OK(derm_model_open(path, NULL, model, &error));
  OK(derm_session_open(*model, 1, &session, &error));
  OK(derm_session_write_image_file(session, 0, image, &error));
  OK(derm_session_run(session, &error));
  return session;
}

static void check_plain(const char *path, const char *image) {
  derm_model *model = NULL;
  derm_session *session = answered(path, image, &model);
  CHECK(!derm_model_tells_certainty(model) && !derm_model_tells_certainty(NULL));
  derm_certainty certainty;
  FAILS(DERM_UNSUPPORTED_MODEL, "--calibrate-probabilities", derm_session_certainty(session, 0, &certainty, &error));
  double distance;
  FAILS(DERM_UNSUPPORTED_MODEL, "--calibrate-probabilities", derm_session_distance(session, 0, &distance, &error));
  derm_session_close(session);
  derm_model_close(model);
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  derm_model *model = NULL;
  derm_session *session = answered(argv[1], argv[3], &model);
  const size_t classes = derm_model_class_count(model);
  CHECK(derm_model_tells_certainty(model) && classes == 7);

  derm_certainty certainty;
  memset(&certainty, 0x55, sizeof certainty);
  OK(derm_session_certainty(session, 0, &certainty, &error));
  CHECK(certainty.abstains == 0 || certainty.abstains == 1);
  CHECK(memchr(certainty.why, 0, sizeof certainty.why) && (certainty.why[0] != 0) == certainty.abstains);
  CHECK(isfinite(certainty.energy));
  double distance = 0;
  OK(derm_session_distance(session, 0, &distance, &error));
  CHECK(isnan(distance));

  int32_t indices[7], decision;
  size_t count = 99;
  OK(derm_session_set(session, 0, indices, 7, &count, &error));
  OK(derm_session_decision(session, 0, &decision, &error));
  CHECK(count <= classes && (count == 0 || indices[0] == decision));
  size_t all = 99;
  OK(derm_session_set(session, 0, indices, 0, &all, &error));
  CHECK(all == count);

  double stated[7], calibrated[7], sum = 0;
  OK(derm_session_probabilities(session, 0, stated, 7, &error));
  OK(derm_session_calibrated_probabilities(session, 0, calibrated, 7, &error));
  for (size_t i = 0; i < classes; i++) {
    sum += calibrated[i];
    CHECK(calibrated[i] <= calibrated[decision]);
  }
  CHECK(fabs(sum - 1) < 1e-12 && certainty.confidence == (float)stated[decision]);

  FAILS(DERM_INVALID_ARGUMENT, "session is NULL", derm_session_certainty(NULL, 0, &certainty, &error));
  FAILS(DERM_INVALID_ARGUMENT, "certainty is NULL", derm_session_certainty(session, 0, NULL, &error));
  FAILS(DERM_INVALID_ARGUMENT, "distance is NULL", derm_session_distance(session, 0, NULL, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "answer 1", derm_session_distance(session, 1, &distance, &error));
  FAILS(DERM_INVALID_ARGUMENT, "indices is NULL", derm_session_set(session, 0, NULL, 7, &count, &error));
  FAILS(DERM_INVALID_ARGUMENT, "count is NULL", derm_session_set(session, 0, indices, 7, NULL, &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "answer 1", derm_session_certainty(session, 1, &certainty, &error));
  FAILS(DERM_INVALID_ARGUMENT, "capacity is 6",
        derm_session_calibrated_probabilities(session, 0, calibrated, 6, &error));
  // What is told of is gone when an input is written.
  OK(derm_session_write_image_file(session, 0, argv[3], &error));
  FAILS(DERM_INPUT_DOES_NOT_FIT, "no answer", derm_session_certainty(session, 0, &certainty, &error));
  derm_session_close(session);
  derm_model_close(model);
  check_plain(argv[2], argv[3]);
  return 0;
}
