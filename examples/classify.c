// What a model says of images: classify BUNDLE IMAGE ...
#include <derm.h>
#include <stdio.h>

static int fail(const derm_error *error) {
  fprintf(stderr, "classify: %s\n", error->message);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: classify BUNDLE IMAGE ...\n");
    return 2;
  }
  derm_error error;
  derm_model *model;
  if (derm_model_open(argv[1], NULL, &model, &error) != DERM_OK) return fail(&error);
  derm_session *session;
  if (derm_session_open(model, 1, &session, &error) != DERM_OK) {
    derm_model_close(model);
    return fail(&error);
  }
  int status = 0;
  for (int i = 2; i < argc && status == 0; i++) {
    derm_class best[3];
    size_t count = 0;
    if (derm_session_write_image_file(session, 0, argv[i], &error) != DERM_OK ||
        derm_session_run(session, &error) != DERM_OK ||
        derm_session_top(session, 0, best, 3, &count, &error) != DERM_OK) {
      status = fail(&error);
    }
    for (size_t k = 0; k < count; k++) {
      printf("%s\t%s\t%.9g%s\n", argv[i], best[k].name, best[k].probability, best[k].is_decided ? "\t*" : "");
    }
  }
  derm_session_close(session);
  derm_model_close(model);
  return status;
}
