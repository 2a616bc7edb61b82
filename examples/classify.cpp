// What a model says of images: classify BUNDLE IMAGE ...
#include <cstdio>
#include <derm.hpp>

int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: classify BUNDLE IMAGE ...\n");
    return 2;
  }
  try {
    derm::model model(argv[1]);
    derm::session session(model);
    for (int i = 2; i < argc; i++) {
      for (const derm::answer &found : session.classify(argv[i])) {
        std::printf("%s\t%s\t%.9g%s\n", argv[i], found.name.c_str(), found.probability, found.is_decided ? "\t*" : "");
      }
    }
  } catch (const derm::error &error) {
    std::fprintf(stderr, "classify: %s\n", error.what());
    return 1;
  }
}
