// wrapper BUNDLE CERTAIN IMAGE: what derm.hpp wraps answers alike, whichever way an image comes, and throws what is
// wrong; CERTAIN tells how sure it is.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <derm.hpp>
#include <fstream>
#include <iterator>

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);    \
      std::exit(1);                                                                          \
    }                                                                                        \
  } while (0)

// The status of what a call throws.
template <typename Call>
static derm_status status_of(Call call) {
  try {
    call();
  } catch (const derm::error &error) {
    CHECK(*error.what() != 0);
    return error.status();
  }
  return DERM_OK;
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  const std::string bundle = argv[1], image = argv[3];
  const derm::model model(bundle);
  derm::session session(model, 2);
  session.write_image(image);
  session.run();
  const std::vector<float> expected = session.output(0);
  const std::vector<derm::answer> top = session.top(model.class_names().size());
  CHECK(!expected.empty() && top.size() == model.class_names().size() && top[0].is_decided);

  std::ifstream file(image, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  session.write_image(bytes.data(), bytes.size());
  session.run();
  CHECK(session.output(0) == expected);

  const std::vector<float> numbers = model.preprocess(image);
  const std::vector<std::size_t> shape = model.input_shape();
  CHECK(shape.size() == 4 && numbers.size() == shape[1] * shape[2] * shape[3] && model.batch() == 1);
  session.write(numbers.data(), numbers.size());
  session.run();
  CHECK(session.output(0) == expected);
  CHECK(session.classify(image, 1)[0].probability == top[0].probability);

  // A copy of a model is the model, and a session needs neither.
  derm::session moved = [&] {
    const derm::model copy = model;
    derm::session made(copy);
    return made;
  }();
  CHECK(moved.classify(image)[0].name == top[0].name);

  const derm::model sure(argv[2]);
  CHECK(sure.tells_certainty() && !model.tells_certainty());
  derm::session clinic = derm::session::explaining(sure);
  const std::vector<derm::answer> found = clinic.classify(image, 1);
  const derm::certainty certainty = clinic.certainty();
  CHECK(certainty.confidence == static_cast<float>(found[0].probability));
  CHECK(certainty.abstains == !certainty.why.empty());
  CHECK(std::isfinite(certainty.energy) && std::isnan(certainty.distance));
  CHECK(certainty.set.size() <= 7 && (certainty.set.empty() || certainty.set[0] == found[0].index));
  CHECK(certainty.probabilities.size() == 7 &&
        *std::max_element(certainty.probabilities.begin(), certainty.probabilities.end()) ==
            certainty.probabilities[found[0].index]);
  const derm::explanation explained = clinic.explain();
  CHECK(explained.index == found[0].index && explained.method == "gradcam" && explained.grid_height < 96);
  CHECK(explained.height == 96 && explained.width == 96 && explained.map.size() == 96 * 96);
  CHECK(explained.peak == 0 || *std::max_element(explained.map.begin(), explained.map.end()) == 1);
  CHECK(clinic.explain(5).index == 5);

  CHECK(status_of([&] { clinic.explain(7); }) == DERM_INPUT_DOES_NOT_FIT);
  CHECK(status_of([&] { moved.explain(); }) == DERM_INPUT_DOES_NOT_FIT);
  CHECK(status_of([&] { moved.certainty(); }) == DERM_UNSUPPORTED_MODEL);
  CHECK(status_of([] { derm::model("absent.derm"); }) == DERM_UNREADABLE_FILE);
  CHECK(status_of([&] { derm::model(bundle, {"no key"}); }) == DERM_INVALID_KEY);
  CHECK(status_of([&] { derm::model(bundle, {}, 1000); }) == DERM_MEMORY_LIMIT);
  CHECK(status_of([&] { derm::session(model, 0); }) == DERM_INVALID_THREADS);
  CHECK(status_of([&] { model.preprocess("absent.jpg"); }) == DERM_UNREADABLE_FILE);
  CHECK(status_of([&] { session.write_image(bundle); }) == DERM_UNREADABLE_IMAGE);
  CHECK(status_of([&] { session.write(numbers.data(), 1); }) == DERM_INPUT_DOES_NOT_FIT);
  CHECK(status_of([&] { session.write_input("age", numbers.data(), 1); }) == DERM_INPUT_DOES_NOT_FIT);
  CHECK(status_of([&] { session.run(); }) == DERM_INPUT_DOES_NOT_FIT);
  return 0;
}
