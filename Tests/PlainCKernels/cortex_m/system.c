// What newlib asks a system for, of which there is nothing here but memory, and a line of output.
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

void say(const char *text);
void finish(int code);

extern char heap_begin[], heap_end[];
void *_sbrk(ptrdiff_t bytes);
void *_sbrk(ptrdiff_t bytes) {
  static char *end = heap_begin;
  char *begin = end;
  if (bytes > heap_end - end) return (void *)-1;
  end += bytes;
  return begin;
}

int _write(int file, const char *text, int size);
int _write(int file, const char *text, int size) {
  char part[65];
  (void)file;
  for (int done = 0; done < size; done += 64) {
    const size_t count = (size_t)(size - done < 64 ? size - done : 64);
    memcpy(part, text + done, count);
    part[count] = 0;
    say(part);
  }
  return size;
}

void _exit(int code);
void _exit(int code) {
  finish(code);
  for (;;) {}
}

int _fstat(int file, struct stat *status);
int _fstat(int file, struct stat *status) {
  status->st_mode = S_IFCHR;
  return file < 3 ? 0 : -1;
}

int _isatty(int file);
int _isatty(int file) { return file < 3; }

int _getpid(void);
int _getpid(void) { return 1; }

#define UNUSED __attribute__((unused))
int _close(UNUSED int file);
int _close(UNUSED int file) { return -1; }
int _lseek(UNUSED int file, UNUSED int offset, UNUSED int from);
int _lseek(UNUSED int file, UNUSED int offset, UNUSED int from) { return -1; }
int _read(UNUSED int file, UNUSED char *to, UNUSED int size);
int _read(UNUSED int file, UNUSED char *to, UNUSED int size) { return -1; }
int _kill(UNUSED int process, UNUSED int signal);
int _kill(UNUSED int process, UNUSED int signal) { return -1; }
void _fini(void);
void _fini(void) {}
