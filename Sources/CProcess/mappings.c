// A table of the files that are mapped. It is changed under a lock and read by signal handlers without: entries are
// never moved or freed, and one is in use when its base is set, which is set last and cleared first.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "include/CProcess.h"

struct cp_mapping {
  _Atomic uintptr_t base;
  size_t size;
  char *path;
  struct stat status;
  int is_used;
  cp_mapping *next;
};

static _Atomic(cp_mapping *) mappings;
static char *changed;  // a file that had changed when its mapping was removed
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static cp_mapping *unused(void) {
  for (cp_mapping *m = mappings; m; m = m->next)
    if (!m->is_used) return m;
  cp_mapping *fresh = calloc(1, sizeof *fresh);
  if (!fresh) return NULL;
  fresh->next = mappings;
  mappings = fresh;
  return fresh;
}

cp_mapping *cp_mapping_add(const void *base, size_t size, const char *path, const struct stat *status) {
  char *copy = strdup(path);
  if (!copy) return NULL;
  pthread_mutex_lock(&lock);
  cp_mapping *m = unused();
  if (m) {
    free(m->path);
    m->path = copy;
    m->size = size;
    m->status = *status;
    m->is_used = 1;
    m->base = (uintptr_t)base;
  }
  pthread_mutex_unlock(&lock);
  if (!m) free(copy);
  return m;
}

static int same_time(struct timespec a, struct timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

int cp_differs(const struct stat *before, const struct stat *after) {
  if (before->st_size != after->st_size || !same_time(before->st_mtim, after->st_mtim)) return 1;
  // The time of modification can be set back; that of the state cannot, but a new link changes it, too.
  return before->st_nlink == after->st_nlink && !same_time(before->st_ctim, after->st_ctim);
}

int cp_mapping_changed(const cp_mapping *m) {
  struct stat now;
  if (stat(m->path, &now) != 0) return 0;
  if (now.st_dev != m->status.st_dev || now.st_ino != m->status.st_ino) return 0;
  return cp_differs(&m->status, &now);
}

void cp_mapping_remove(cp_mapping *m) {
  if (!m) return;
  pthread_mutex_lock(&lock);
  if (cp_is_guarded && !changed && cp_mapping_changed(m)) changed = strdup(m->path);
  m->base = 0;
  // The path stays until the entry is used again: a handler may be reading it.
  m->is_used = 0;
  pthread_mutex_unlock(&lock);
}

char *cp_changed_file(void) {
  if (!cp_is_guarded) return NULL;
  pthread_mutex_lock(&lock);
  const char *found = changed;
  for (cp_mapping *m = mappings; m && !found; m = m->next)
    if (m->is_used && cp_mapping_changed(m)) found = m->path;
  char *copy = found ? strdup(found) : NULL;
  pthread_mutex_unlock(&lock);
  return copy;
}

const char *cp_mapping_at(uintptr_t address) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (cp_mapping *m = mappings; m; m = m->next) {
    const uintptr_t base = m->base;
    if (base && address >= base && address - base < (m->size + page - 1) / page * page) return m->path;
  }
  return NULL;
}
