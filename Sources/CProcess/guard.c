// The signal handlers of a command line tool. They call nothing but what POSIX allows them to.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "files.h"
#include "include/CProcess.h"

#define REFUSED 3
#define STACK_BYTES (8 << 20)        // of a stack of our own; taken when touched
#define LEAST_STACK_BYTES (1 << 20)  // with less than this the stack the process was given is not used

int cp_is_guarded;
static const char *name;
static uintptr_t stack_low, stack_high;  // where the stack may grow, the guard below it included
static char handler_stack[64 << 10];     // of the handlers: a stack that cannot grow has no room for them

// Signals that end a process: sent to it, and caused by what it did.
static const int sent[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGALRM, SIGVTALRM, SIGUSR1, SIGUSR2};
static const int caused[] = {SIGBUS, SIGSEGV, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
#define COUNT(list) (sizeof(list) / sizeof(list)[0])
static struct sigaction before_us[COUNT(caused)];  // what happened at these: the default, or a sanitizer's report

void cp_hold_signals(sigset_t *before) {
  sigset_t held;
  sigemptyset(&held);
  for (size_t i = 0; i < COUNT(sent); i++) sigaddset(&held, sent[i]);
  pthread_sigmask(SIG_BLOCK, &held, before);
}

void cp_release_signals(const sigset_t *before) { pthread_sigmask(SIG_SETMASK, before, NULL); }

// A line of bounded length, written in one piece.
typedef struct {
  char text[1024];
  size_t size;
} line;

static void append(line *l, const char *text) {
  while (*text && l->size < sizeof l->text - 1) l->text[l->size++] = *text++;
}

// Bytes of a file's name that are not printable ASCII are shown as \xff: a handler cannot tell which are safe.
static void append_name(line *l, const char *path) {
  static const char digits[] = "0123456789abcdef";
  for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
    const char plain[] = {(char)*c, 0}, escaped[] = {'\\', 'x', digits[*c >> 4], digits[*c & 15], 0};
    append(l, *c >= 0x20 && *c < 0x7f ? plain : escaped);
  }
}

// The first thread that comes here ends the process; others wait for that.
static void become_last(void) {
  static atomic_flag ending = ATOMIC_FLAG_INIT;
  if (atomic_flag_test_and_set(&ending))
    for (;;) pause();
}

static _Noreturn void refuse(line *l) {
  become_last();
  cp_unlink_staged();
  l->text[l->size++] = '\n';
  const ssize_t written = write(2, l->text, l->size);
  (void)written;
  _exit(REFUSED);
}

void cp_refuse(const char *what) {
  // Before the program's own part begins nobody else could say it.
  if (!cp_is_guarded && cp_argument_count() != 0) return;
  line l = {.size = 0};
  append(&l, name ? name : program_invocation_short_name);
  append(&l, ": ");
  append(&l, what);
  refuse(&l);
}

static void handle_fault(int number, siginfo_t *info, void *context) {
  (void)context;
  const char *path = number == SIGBUS ? cp_mapping_at((uintptr_t)info->si_addr) : NULL;
  if (path) {
    line l = {.size = 0};
    append(&l, name);
    append(&l, ": ");
    append_name(&l, path);
    append(&l, ": changed while it was read");
    refuse(&l);
  }
  if (number == SIGSEGV && (uintptr_t)info->si_addr >= stack_low && (uintptr_t)info->si_addr < stack_high)
    cp_refuse("out of memory: the stack cannot grow; raise the limits (ulimit -v, ulimit -s)");
  // Anything else goes on as it would have without this handler, when it returns.
  cp_unlink_staged();
  for (size_t i = 0; i < COUNT(caused); i++)
    if (caused[i] == number) sigaction(number, &before_us[i], NULL);
  raise(number);
}

static void handle_end(int number) {
  become_last();
  cp_unlink_staged();
  signal(number, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  raise(number);
  pthread_sigmask(SIG_UNBLOCK, &only, NULL);
  _exit(128 + number);
}

// The lowest free descriptor is the one that is closed, since those below are open by then.
static void open_closed_descriptors(void) {
  for (int descriptor = 0; descriptor <= 2; descriptor++) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // In the direction nothing is to be expected of: what is read or written there fails, as it would have.
    if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) < 0) open("/", O_RDONLY | O_DIRECTORY);
  }
}

static void guard(const char *program) {
  name = program;
  cp_is_guarded = 1;
  open_closed_descriptors();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  // Signals that are to be ignored, as nohup has it, stay so.
  for (size_t i = 0; i < COUNT(sent); i++) {
    struct sigaction before, action = {.sa_handler = handle_end};
    sigfillset(&action.sa_mask);
    if (sigaction(sent[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) sigaction(sent[i], &action, NULL);
  }
  for (size_t i = 0; i < COUNT(caused); i++) {
    struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(caused[i], &action, &before_us[i]);
  }
}

// A stack of our own where the limit is too small for Swift. NULL where there is no need or no memory.
static void *make_stack(void) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) limit.rlim_cur = STACK_BYTES;
  stack_high = (uintptr_t)__builtin_frame_address(0);
  stack_low = limit.rlim_cur < stack_high ? stack_high - limit.rlim_cur : 0;
  if (limit.rlim_cur >= LEAST_STACK_BYTES) return NULL;
  char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return NULL;
  mprotect(stack, page, PROT_NONE);
  stack_low = (uintptr_t)stack;
  stack_high = stack_low + STACK_BYTES;
  return stack;
}

void cp_run(const char *program, void (*work)(void)) {
  guard(program);
  const stack_t handlers = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
  sigaltstack(&handlers, NULL);
  static ucontext_t here, there;
  void *stack = make_stack();
  if (!stack || getcontext(&there) != 0) {
    work();
    return;
  }
  there.uc_stack.ss_sp = stack;
  there.uc_stack.ss_size = STACK_BYTES;
  there.uc_link = &here;
  makecontext(&there, work, 0);
  swapcontext(&here, &there);
}
