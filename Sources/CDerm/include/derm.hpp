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

  // The numbers that an image file becomes before the network sees them.
  std::vector<float> preprocess(const std::string &path) const {
    std::size_t count = 1;
    const std::vector<std::size_t> shape = input_shape();
    for (std::size_t i = 1; i < shape.size(); i++) count *= shape[i];
    std::vector<float> numbers(count);
    derm_error found;
    check(derm_model_preprocess_image_file(get(), path.c_str(), numbers.data(), count, &found), found);
    return numbers;
  }

 private:
  std::shared_ptr<derm_model> handle_;
};

class session {
 public:
  explicit session(const model &shared, int threads = 1) {
    derm_session *opened = nullptr;
    derm_error found;
    check(derm_session_open(shared.get(), threads, &opened, &found), found);
    handle_.reset(opened);
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
  std::unique_ptr<derm_session, closer> handle_;
};

}  // namespace derm
#endif
