#include "include/CProcess.h"

static int count;
static char **arguments;

// glibc calls the functions of this array with what main gets.
static void take(int argc, char **argv, char **environment) {
  (void)environment;
  count = argc;
  arguments = argv;
}

__attribute__((used, section(".init_array"))) static void (*const initialise)(int, char **, char **) = take;

int cp_argument_count(void) { return count; }

const char *cp_argument(int index) { return index >= 0 && index < count ? arguments[index] : NULL; }
