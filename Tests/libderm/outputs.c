// outputs BUNDLE ...: the bits of everything that models answer to numbers made up from where they stand, a line for
// each output; the same bundles give the same text on every processor. The last line counts.
#include "support.h"

static derm_error error;

// Numbers from -4 to 4 in steps of 1/64, every one exact: the same for the same input of a model everywhere.
static float *made_up(size_t count, uint64_t seed) {
  float *numbers = malloc(count * sizeof *numbers + 1);
  CHECK(numbers);
  uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
  for (size_t i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    numbers[i] = (float)((int)(state >> 33 & 511) - 256) / 64;
  }
  return numbers;
}

// FNV-1a of the numbers' bits.
static uint64_t digest(const float *numbers, size_t count) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &numbers[i], sizeof bits);
    for (int shift = 0; shift < 32; shift += 8) hash = (hash ^ (bits >> shift & 255)) * 0x100000001b3u;
  }
  return hash;
}

static derm_status answer(const derm_model *model, derm_session *session) {
  size_t dimensions[16];
  const size_t rank = derm_model_input_shape(model, dimensions, 16);
  CHECK(rank <= 16);
  size_t count = 1;
  for (size_t i = 0; i < rank; i++) count *= dimensions[i];
  float *numbers = made_up(count, 0);
  derm_status status = derm_session_write_numbers(session, numbers, count, &error);
  free(numbers);
  for (size_t i = 0; status == DERM_OK && i < derm_model_other_input_count(model); i++) {
    count = derm_model_other_input_size(model, i);
    numbers = made_up(count, i + 1);
    status = derm_session_write_input(session, derm_model_other_input_name(model, i), numbers, count, &error);
    free(numbers);
  }
  return status == DERM_OK ? derm_session_run(session, &error) : status;
}

int main(int argc, char **argv) {
  int answered = 0;
  for (int i = 1; i < argc; i++) {
    derm_model *model = NULL;
    derm_session *session = NULL;
    derm_status status = derm_model_open(argv[i], NULL, &model, &error);
    if (status == DERM_OK) status = derm_session_open(model, 1, &session, &error);
    if (status == DERM_OK) status = answer(model, session);
    if (status == DERM_OK) {
      answered++;
      for (size_t k = 0; k < derm_model_output_count(model); k++) {
        const float *numbers;
        size_t count;
        if (derm_session_output(session, k, &numbers, &count, &error) == DERM_OK)
          printf("%s %s: %zu numbers, digest %016llx\n", argv[i], derm_model_output_name(model, k), count,
                 (unsigned long long)digest(numbers, count));
        else
          printf("%s %s: %s\n", argv[i], derm_model_output_name(model, k), derm_status_name(error.status));
      }
    } else {
      printf("%s: %s\n", argv[i], derm_status_name(status));
    }
    derm_session_close(session);
    derm_model_close(model);
  }
  printf("%d of %d bundles answered\n", answered, argc - 1);
  return 0;
}
