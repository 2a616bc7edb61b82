// CPU and operating-system facts. Nothing else in the project asks the processor what it can do.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ck_isa.h"
#include "detect.h"

static const struct {
  ck_isa isa;
  const char *name;
} names[] = {
    {CK_ISA_SCALAR, "scalar"},   {CK_ISA_AVX2, "avx2"},
    {CK_ISA_AVXVNNI, "avxvnni"}, {CK_ISA_AVX512, "avx512"},
    {CK_ISA_AVX512VNNI, "avx512vnni"}, {CK_ISA_AMX, "amx"},
    {CK_ISA_NEON, "neon"},       {CK_ISA_NEON_DOT, "neondot"},
    {CK_ISA_NEON_I8MM, "neoni8mm"},
};

static const char *unknown;  // a wish that names no set
static unsigned runnable;  // bit i: the set names[i].isa runs here
static ck_isa best;
static int shani;
static int vbmi;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

static unsigned long long xgetbv0(void) {
  unsigned lo, hi;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return ((unsigned long long)hi << 32) | lo;
}

static int has(ck_isa isa) {
  unsigned a, b, c, d;
  if (isa == CK_ISA_SCALAR) return 1;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  int osxsave = (c >> 27) & 1, avx = (c >> 28) & 1, fma = (c >> 12) & 1;
  if (!osxsave || !avx || !fma) return 0;
  unsigned long long state = xgetbv0();
  if ((state & 0x6) != 0x6) return 0;  // the kernel saves XMM and YMM
  unsigned b7, c7, d7, max7, a71, b71, c71, d71;
  if (!__get_cpuid_count(7, 0, &max7, &b7, &c7, &d7)) return 0;
  a71 = 0;
  if (max7 >= 1) __get_cpuid_count(7, 1, &a71, &b71, &c71, &d71);
  int avx2 = (b7 >> 5) & 1;
  int avx512 = ((b7 >> 16) & 1) && ((b7 >> 17) & 1) && ((b7 >> 30) & 1) && ((b7 >> 31) & 1) && (state & 0xe0) == 0xe0;
  int vnni = avx512 && ((c7 >> 11) & 1);
  switch (isa) {
    case CK_ISA_AVX2: return avx2;
    case CK_ISA_AVXVNNI: return avx2 && ((a71 >> 4) & 1);
    case CK_ISA_AVX512: return avx2 && avx512;
    case CK_ISA_AVX512VNNI: return avx2 && vnni;
    case CK_ISA_AMX: {
      int tile = (d7 >> 24) & 1, int8 = (d7 >> 25) & 1;
      if (!vnni || !tile || !int8 || (state & 0x60000) != 0x60000) return 0;
      // Linux hands out the tile registers' save area on request only.
      return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
    }
    default: return 0;
  }
}

static int has_shani(void) {
  unsigned a, b, c, d, b7;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  if (!((c >> 9) & 1) || !((c >> 19) & 1)) return 0;  // SSSE3, SSE4.1
  return __get_cpuid_count(7, 0, &a, &b7, &c, &d) && ((b7 >> 29) & 1);
}

static int has_vbmi(void) {
  unsigned a, b, c, d;
  return has(CK_ISA_AVX512) && __get_cpuid_count(7, 0, &a, &b, &c, &d) && ((c >> 1) & 1);
}
#elif defined(__aarch64__)
#include <sys/auxv.h>
#define DERMC_HWCAP_ASIMDDP (1UL << 20)
#define DERMC_HWCAP2_I8MM (1UL << 13)

static int has(ck_isa isa) {
  switch (isa) {
    case CK_ISA_SCALAR:
    case CK_ISA_NEON: return 1;
    case CK_ISA_NEON_DOT: return (getauxval(AT_HWCAP) & DERMC_HWCAP_ASIMDDP) != 0;
    case CK_ISA_NEON_I8MM:
      return (getauxval(AT_HWCAP) & DERMC_HWCAP_ASIMDDP) != 0 && (getauxval(AT_HWCAP2) & DERMC_HWCAP2_I8MM) != 0;
    default: return 0;
  }
}
#else
static int has(ck_isa isa) { return isa == CK_ISA_SCALAR; }
#endif
#if !defined(__x86_64__)
static int has_shani(void) { return 0; }
static int has_vbmi(void) { return 0; }
#endif

static void detect(void) {
  const size_t count = sizeof names / sizeof names[0];
  ck_isa cap = CK_ISA_NEON_I8MM;
  const char *wanted = getenv("DERMC_ISA");
  unknown = wanted && *wanted ? wanted : NULL;
  for (size_t i = 0; unknown && i < count; i++) {
    if (strcmp(wanted, names[i].name) != 0) continue;
    cap = names[i].isa;
    unknown = NULL;
  }
  best = CK_ISA_SCALAR;
  vbmi = has_vbmi();
  for (size_t i = 0; i < count; i++) {
    if (!has(names[i].isa)) continue;
    runnable |= 1u << i;
    if (names[i].isa <= cap) best = names[i].isa;
  }
  shani = has_shani();
}

ck_isa ck_isa_detect(void) {
  pthread_once(&once, detect);
  return best;
}

const char *ck_isa_unknown(void) {
  pthread_once(&once, detect);
  return unknown;
}

const char *ck_isa_known(size_t index) {
  return index < sizeof names / sizeof names[0] ? names[index].name : NULL;
}

int ck_isa_runs(ck_isa isa) {
  pthread_once(&once, detect);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].isa == isa) return (runnable >> i) & 1;
  return 0;
}

int ck_has_avx512vbmi(void) {
  pthread_once(&once, detect);
  return vbmi;
}

const char *ck_isa_name(ck_isa isa) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].isa == isa) return names[i].name;
  return "unknown";
}

int ck_has_shani(void) {
  pthread_once(&once, detect);
  return shani;
}
