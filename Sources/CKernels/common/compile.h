// How the files of kernels are compiled: for which instructions, and how loops and helpers become straight code.
#pragma once
#include "ck_features.h"

// The instructions the compiler may use for a set, and the features a processor needs to run what comes out: stated
// side by side, so that they agree. Kernels that multiply and add separately say so with STDC FP_CONTRACT.
#define TARGET_AVX2 "avx2,fma"
#define NEEDS_AVX2 CK_AVX2
#define TARGET_AVXVNNI "avx2,fma,avxvnni"
#define NEEDS_AVXVNNI (CK_AVX2 | CK_AVXVNNI)
#define TARGET_AVX512 "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"
#define NEEDS_AVX512 (CK_AVX2 | CK_AVX512)
#define TARGET_AVX512VNNI "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"
#define NEEDS_AVX512VNNI (CK_AVX2 | CK_AVX512 | CK_AVX512VNNI)
#define TARGET_AVX512VBMI "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi"
#define NEEDS_AVX512VBMI (CK_AVX2 | CK_AVX512 | CK_AVX512VBMI)
#define TARGET_AMX "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,amx-tile,amx-int8"
#define NEEDS_AMX (CK_AVX2 | CK_AVX512 | CK_AVX512VNNI | CK_AMX)
#define NEEDS_NEON CK_NEON
#define TARGET_NEON_DOT "dotprod"
#define NEEDS_NEON_DOT (CK_NEON | CK_NEON_DOT)
#define TARGET_NEON_I8MM "dotprod,i8mm"
#define NEEDS_NEON_I8MM (CK_NEON | CK_NEON_DOT | CK_NEON_I8MM)

/// Compiles the functions from here to END_COMPILE_FOR for a set: COMPILE_FOR(AVX2). The package manager has no options
/// for single files. Headers of inline functions that a kernel is made of are included between the two.
#define COMPILE_FOR(set) PRAGMA(clang attribute push(__attribute__((target(TARGET_##set))), apply_to = function))
#define END_COMPILE_FOR PRAGMA(clang attribute pop)
#define PRAGMA(...) PRAGMA_OF_TEXT(__VA_ARGS__)
#define PRAGMA_OF_TEXT(...) _Pragma(#__VA_ARGS__)

/// Before a loop of few, constant rounds whose variables are to stay in registers.
#define UNROLL _Pragma("clang loop unroll(full)")
/// Before a function whose parameters are to become constants where it is called.
#define ALWAYS static inline __attribute__((always_inline))
