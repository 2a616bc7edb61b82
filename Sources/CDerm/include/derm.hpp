// derm.h for C++ (C++11): handles that close themselves, exceptions for errors.
//
//     derm::model model("model.derm");
//     derm::session session(model);
//     for (const derm::answer &found : session.classify("lesion.jpg"))
//       std::cout << found.name << ' ' << found.probability << '\n';
//
// A model may be copied and shared by threads; a session is used by one thread at a time.
#ifndef DERM_HPP
#define DERM_HPP

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "derm.h"

namespace derm {

// What went wrong: what() is one line.
class error : public std::runtime_error {
 public:
  explicit error(const derm_error &found) : std::runtime_error(found.message), status_(found.status) {}

  derm_status status() const noexcept { return status_; }

 private:
  derm_status status_;
};

inline void check(derm_status status, const derm_error &found) {
  if (status != DERM_OK) throw error(found);
}

struct answer {
  std::size_t index;
  std::string name;
  double probability;
  // Whether the model decides for it.
  bool is_decided;
};

// How sure an answer is.
struct certainty {
  // Whether the model had better not answer, and why, one line.
  bool abstains;
  std::string why;
  // The model's own probability of the class decided for, which abstaining goes by.
  double confidence;
  // High where the image is unlike those fitted on; NaN where the model's output cannot tell.
  double energy;
  // How far the image's features are from those fitted on; NaN where the bundle does not tell.
  double distance;
  // The places of the classes that the image may be of, the most probable first.
  std::vector<std::size_t> set;
  // How often an answer of each class is right.
  std::vector<double> probabilities;
};

// Where a model looks for a class.
struct explanation {
  std::size_t index;
  // Rows and columns of the map, and how many places it really has.
  std::size_t height, width, grid_height, grid_width;
  // height * width numbers, rows from the top: 1 where most speaks for the class and 0 where nothing does.
  std::vector<float> map;
  // The largest number before the map was scaled to 1.
  float peak;
  // How the map was made: "gradcam".
  std::string method;
};

class model {
 public:
  // public_keys: texts of PEM files, of whom one must have signed the bundle; with none of them nobody need have.
  explicit model(const std::string &path, const std::vector<std::string> &public_keys = {},
                 std::uint64_t maximum_bytes = 0) {
    std::vector<const char *> keys;
    for (const std::string &key : public_keys) keys.push_back(key.c_str());
    derm_open_options options = {sizeof(derm_open_options), maximum_bytes, keys.empty() ? nullptr : keys.data(),
                                 keys.size()};
    derm_model *opened = nullptr;
    derm_error found;
    check(derm_model_open(path.c_str(), &options, &opened, &found), found);
    handle_.reset(opened, derm_model_close);
  }

  const derm_model *get() const noexcept { return handle_.get(); }
  derm_task task() const noexcept { return derm_model_task(get()); }
  std::size_t batch() const noexcept { return derm_model_batch(get()); }
  bool tells_certainty() const noexcept { return derm_model_tells_certainty(get()) != 0; }

  std::vector<std::string> class_names() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < derm_model_class_count(get()); i++) names.push_back(derm_model_class_name(get(), i));
    return names;
  }

  std::vector<std::string> output_names() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < derm_model_output_count(get()); i++) names.push_back(derm_model_output_name(get(), i));
    return names;
  }

  std::vector<std::size_t> input_shape() const {
    std::vector<std::size_t> shape(derm_model_input_shape(get(), nullptr, 0));
    derm_model_input_shape(get(), shape.data(), shape.size());
    return shape;
  }

  // How many numbers an image becomes.
  std::size_t numbers_of_image() const {
    std::size_t count = 1;
    const std::vector<std::size_t> shape = input_shape();
    for (std::size_t i = 1; i < shape.size(); i++) count *= shape[i];
    return count;
  }

  // The numbers that an image file becomes before the network sees them.
  std::vector<float> preprocess(const std::string &path) const {
    std::vector<float> numbers(numbers_of_image());
    derm_error found;
    check(derm_model_preprocess_image_file(get(), path.c_str(), numbers.data(), numbers.size(), &found), found);
    return numbers;
  }

 private:
  std::shared_ptr<derm_model> handle_;
};

class session {
 public:
  explicit session(const model &shared, int threads = 1) : session(derm_session_open, shared, threads) {}

  // A session that answers and explains; it takes more memory.
  static session explaining(const model &shared, int threads = 1) {
    return session(derm_session_open_explaining, shared, threads);
  }

  derm_session *get() const noexcept { return handle_.get(); }

  void write_image(const std::string &path, std::size_t position = 0) {
    derm_error found;
    check(derm_session_write_image_file(get(), position, path.c_str(), &found), found);
  }

  void write_image(const void *bytes, std::size_t count, std::size_t position = 0) {
    derm_error found;
    check(derm_session_write_image_bytes(get(), position, bytes, count, &found), found);
  }

  void write(const derm_pixels &pixels, std::size_t position = 0) {
    derm_error found;
    check(derm_session_write_pixels(get(), position, &pixels, &found), found);
  }

  void write(const float *numbers, std::size_t count) {
    derm_error found;
    check(derm_session_write_numbers(get(), numbers, count, &found), found);
  }

  void write_input(const std::string &name, const float *numbers, std::size_t count) {
    derm_error found;
    check(derm_session_write_input(get(), name.c_str(), numbers, count, &found), found);
  }

  void run() {
    derm_error found;
    check(derm_session_run(get(), &found), found);
  }

  // The most probable classes, the highest probability first.
  std::vector<answer> top(std::size_t count, std::size_t position = 0) const {
    std::vector<derm_class> classes(count);
    derm_error found;
    check(derm_session_top(get(), position, classes.data(), count, &count, &found), found);
    std::vector<answer> answers;
    for (std::size_t i = 0; i < count; i++) {
      answers.push_back({static_cast<std::size_t>(classes[i].index), classes[i].name, classes[i].probability,
                         classes[i].is_decided != 0});
    }
    return answers;
  }

  // How sure the answer is, of a model that tells it.
  derm::certainty certainty(std::size_t position = 0) const {
    derm_certainty told;
    derm_error found;
    check(derm_session_certainty(get(), position, &told, &found), found);
    double distance = 0;
    check(derm_session_distance(get(), position, &distance, &found), found);
    std::vector<std::int32_t> indices(classes_);
    std::size_t count = 0;
    check(derm_session_set(get(), position, indices.data(), indices.size(), &count, &found), found);
    std::vector<double> probabilities(classes_);
    check(derm_session_calibrated_probabilities(get(), position, probabilities.data(), classes_, &found), found);
    return {told.abstains != 0, told.why, told.confidence, told.energy, distance,
            std::vector<std::size_t>(indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(count)),
            probabilities};
  }

  // Where an explaining session's model looks for a class, -1 for the one decided for, in the image it was last run on.
  derm::explanation explain(int index = -1) const {
    derm_explanation told;
    derm_error found;
    // A map has a number for each pixel of the input, which has one or more of each.
    std::vector<float> map(numbers_);
    check(derm_session_explain(get(), index, map.data(), map.size(), &told, &found), found);
    const auto count = [](std::int32_t value) { return static_cast<std::size_t>(value); };
    map.resize(count(told.height) * count(told.width));
    return {count(told.index), count(told.height), count(told.width), count(told.grid_height), count(told.grid_width),
            map, told.peak, told.method};
  }

  // The raw numbers of an output, of all the batch.
  std::vector<float> output(std::size_t index) const {
    const float *numbers = nullptr;
    std::size_t count = 0;
    derm_error found;
    check(derm_session_output(get(), index, &numbers, &count, &found), found);
    return std::vector<float>(numbers, numbers + count);
  }

  // Writes an image file, runs, and reads the most probable classes.
  std::vector<answer> classify(const std::string &path, std::size_t count = 3) {
    write_image(path);
    run();
    return top(count);
  }

 private:
  struct closer {
    void operator()(derm_session *session) const noexcept { derm_session_close(session); }
  };
  using opener = decltype(&derm_session_open);

  session(opener open, const model &shared, int threads)
      : classes_(derm_model_class_count(shared.get())), numbers_(shared.numbers_of_image()) {
    derm_session *opened = nullptr;
    derm_error found;
    check(open(shared.get(), threads, &opened, &found), found);
    handle_.reset(opened);
  }

  std::unique_ptr<derm_session, closer> handle_;
  std::size_t classes_;
  std::size_t numbers_;
};

}  // namespace derm
#endif
