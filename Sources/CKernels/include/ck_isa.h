// Which instruction sets this process may use.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Instruction sets in rising order of preference; every one includes those before it on its architecture.
typedef enum {
  CK_ISA_SCALAR = 0,
  CK_ISA_AVX2 = 1,        ///< AVX2 + FMA
  CK_ISA_AVXVNNI = 2,     ///< AVX2 + AVX-VNNI
  CK_ISA_AVX512 = 3,      ///< AVX-512 F, BW, DQ, VL
  CK_ISA_AVX512VNNI = 4,  ///< AVX-512 + VNNI
  CK_ISA_AMX = 5,         ///< AVX-512-VNNI + AMX int8 tiles
  CK_ISA_NEON = 16,       ///< AArch64 baseline
  CK_ISA_NEON_DOT = 17,   ///< AArch64 + dot product
  CK_ISA_NEON_I8MM = 18,  ///< AArch64 + int8 matrix multiply
} ck_isa;

/// The best set this CPU and kernel allow, capped by the environment variable DERMC_ISA
/// (scalar, avx2, avxvnni, avx512, avx512vnni, amx, neon, neondot, neoni8mm). Detected once; thread-safe.
ck_isa ck_isa_detect(void);

/// The value of DERMC_ISA where it names no set, which then caps nothing; NULL where it does, is empty or not set.
const char *ck_isa_unknown(void);

/// The names DERMC_ISA takes, by their place in a list; NULL past its end.
const char *ck_isa_known(size_t index);

/// Whether kernels written for `isa` run on this machine (ignoring DERMC_ISA).
int ck_isa_runs(ck_isa isa);

/// Whether the AVX-512 VBMI byte permutations run here, which not every AVX-512 processor has.
int ck_has_avx512vbmi(void);

/// The name of an instruction set as DERMC_ISA spells it.
const char *ck_isa_name(ck_isa isa);

#ifdef __cplusplus
}
#endif
