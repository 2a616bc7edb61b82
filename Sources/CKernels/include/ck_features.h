// What this processor and system can do, as a set of features. A kernel names those it needs, and may be used where all
// of them are there.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The features kernels are written for. None stands for another: processors with AVX-512 may lack AVX-VNNI.
typedef enum __attribute__((flag_enum)) {
  CK_AVX2 = 1 << 0,        ///< AVX2 and FMA
  CK_AVXVNNI = 1 << 1,     ///< dot products of bytes in 256 bits
  CK_AVX512 = 1 << 2,      ///< AVX-512 F, BW, DQ, VL
  CK_AVX512VNNI = 1 << 3,  ///< dot products of bytes in 512 bits
  CK_AVX512VBMI = 1 << 4,  ///< permutations of bytes
  CK_AMX = 1 << 5,         ///< tiles of int8
  CK_NEON = 1 << 6,        ///< AArch64's baseline
  CK_NEON_DOT = 1 << 7,    ///< dot products of bytes
  CK_NEON_I8MM = 1 << 8,   ///< products of matrices of bytes
} ck_features;

/// Those of this machine. Detected once; thread-safe.
ck_features ck_features_here(void);

/// Those kernels are chosen for: of this machine's the ones DERMC_ISA, an environment variable, leaves.
ck_features ck_features_allowed(void);

/// Whether code that needs some features runs on this machine, whatever DERMC_ISA says.
int ck_runs(ck_features needed);

// Sets of features have names, in rising order of preference: those DERMC_ISA takes, and reports show.

/// The name of set `index`; NULL past the last.
const char *ck_isa_known(size_t index);
/// The features of set `index`.
ck_features ck_isa_features(size_t index);
/// The name of the last set whose features are all among `features`.
const char *ck_isa_name(ck_features features);
/// The value of DERMC_ISA where it names no set, which then leaves all; NULL where it does, is empty or not set.
const char *ck_isa_unknown(void);

#ifdef __cplusplus
}
#endif
