// The files that are written aside. The table is read by signal handlers: a path is put in when the file is there, and
// taken out before it is freed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "include/CProcess.h"

#define MOST 64  // files staged at a time; of more, those beyond stay when a signal ends the process

static _Atomic(char *) staged[MOST];

int cp_stage(const char *path) {
  char *copy = strdup(path);
  if (!copy) {
    errno = ENOMEM;
    return -1;
  }
  // No signal comes between creating the file and knowing of it.
  sigset_t before;
  cp_hold_signals(&before);
  const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  const int failure = errno;
  for (int i = 0; descriptor >= 0 && copy && i < MOST; i++) {
    char *none = NULL;
    if (atomic_compare_exchange_strong(&staged[i], &none, copy)) copy = NULL;
  }
  cp_release_signals(&before);
  free(copy);
  errno = failure;
  return descriptor;
}

void cp_unstage(const char *path) {
  sigset_t before;
  cp_hold_signals(&before);
  for (int i = 0; i < MOST; i++) {
    char *known = staged[i];
    if (known && strcmp(known, path) == 0 && atomic_compare_exchange_strong(&staged[i], &known, NULL)) {
      free(known);
      break;
    }
  }
  cp_release_signals(&before);
}

void cp_unlink_staged(void) {
  for (int i = 0; i < MOST; i++) {
    const char *path = staged[i];
    if (path) unlink(path);
  }
}
