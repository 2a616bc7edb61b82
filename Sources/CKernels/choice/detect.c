// What the processor and the system can do. No other file of kernels asks them.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/compile.h"

// `allowed` is what DERMC_ISA leaves: a set also allows what comes in useful beside it.
static const struct {
  const char *name;
  ck_features features, allowed;
} sets[] = {
    {"scalar", 0, 0},
    {"avx2", NEEDS_AVX2, NEEDS_AVX2},
    {"avxvnni", NEEDS_AVXVNNI, NEEDS_AVXVNNI},
    {"avx512", NEEDS_AVX512, NEEDS_AVX512},
    {"avx512vnni", NEEDS_AVX512VNNI, NEEDS_AVX512VNNI | CK_AVX512VBMI},
    {"amx", NEEDS_AMX, NEEDS_AMX | CK_AVX512VBMI},
    {"neon", NEEDS_NEON, NEEDS_NEON},
    {"neondot", NEEDS_NEON_DOT, NEEDS_NEON_DOT},
    {"neoni8mm", NEEDS_NEON_I8MM, NEEDS_NEON_I8MM},
};
enum { SETS = sizeof sets / sizeof sets[0] };

static const char *unknown;
static ck_features here, allowed;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

enum { ARCHITECTURE = CK_AVX2 | CK_AVXVNNI | CK_AVX512 | CK_AVX512VNNI | CK_AVX512VBMI | CK_AMX };

// The registers the system saves.
static unsigned long long xgetbv0(void) {
  unsigned lo, hi;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return ((unsigned long long)hi << 32) | lo;
}

static int has_bit(unsigned word, int bit) { return (word >> bit) & 1; }

static unsigned ask(void) {
  unsigned a, b, c, d, leaves, b7, c7, d7, a71 = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  int osxsave = has_bit(c, 27), avx = has_bit(c, 28), fma = has_bit(c, 12);
  if (!osxsave || !avx || !fma) return 0;
  unsigned long long saved = xgetbv0();
  if ((saved & 0x6) != 0x6) return 0;  // XMM and YMM
  if (!__get_cpuid_count(7, 0, &leaves, &b7, &c7, &d7) || !has_bit(b7, 5)) return 0;
  if (leaves >= 1) __get_cpuid_count(7, 1, &a71, &b, &c, &d);
  unsigned features = CK_AVX2;
  if (has_bit(a71, 4)) features |= CK_AVXVNNI;
  if (!has_bit(b7, 16) || !has_bit(b7, 17) || !has_bit(b7, 30) || !has_bit(b7, 31) || (saved & 0xe0) != 0xe0)
    return features;
  features |= CK_AVX512;
  if (has_bit(c7, 11)) features |= CK_AVX512VNNI;
  if (has_bit(c7, 1)) features |= CK_AVX512VBMI;
  // Linux hands out the area tile registers are saved to on request only.
  if (has_bit(d7, 24) && has_bit(d7, 25) && (saved & 0x60000) == 0x60000 &&
      syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0)
    features |= CK_AMX;
  return features;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>
#define DERMC_HWCAP_ASIMDDP (1UL << 20)
#define DERMC_HWCAP2_I8MM (1UL << 13)

enum { ARCHITECTURE = CK_NEON | CK_NEON_DOT | CK_NEON_I8MM };

static unsigned ask(void) {
  unsigned features = CK_NEON;
  if (getauxval(AT_HWCAP) & DERMC_HWCAP_ASIMDDP) features |= CK_NEON_DOT;
  if (getauxval(AT_HWCAP2) & DERMC_HWCAP2_I8MM) features |= CK_NEON_I8MM;
  return features;
}
#else
enum { ARCHITECTURE = 0 };
static unsigned ask(void) { return 0; }
#endif

static void detect(void) {
  here = allowed = (ck_features)ask();
  const char *wanted = getenv("DERMC_ISA");
  if (!wanted || !*wanted) return;
  unknown = wanted;
  for (size_t i = 0; i < SETS; i++) {
    if (strcmp(wanted, sets[i].name) != 0) continue;
    unknown = NULL;
    // A set of another architecture says nothing about this one.
    int is_foreign = sets[i].allowed != 0 && (sets[i].allowed & ARCHITECTURE) == 0;
    if (!is_foreign) allowed = here & sets[i].allowed;
  }
}

ck_features ck_features_here(void) {
  pthread_once(&once, detect);
  return here;
}

ck_features ck_features_allowed(void) {
  pthread_once(&once, detect);
  return allowed;
}

int ck_runs(ck_features needed) { return (needed & ~ck_features_here()) == 0; }

const char *ck_isa_known(size_t index) { return index < SETS ? sets[index].name : NULL; }

ck_features ck_isa_features(size_t index) { return index < SETS ? sets[index].features : 0; }

const char *ck_isa_name(ck_features features) {
  const char *name = sets[0].name;
  for (size_t i = 1; i < SETS; i++)
    if ((sets[i].features & ~features) == 0) name = sets[i].name;
  return name;
}

const char *ck_isa_unknown(void) {
  pthread_once(&once, detect);
  return unknown;
}
