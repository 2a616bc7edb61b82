// The kernels of plain C programs, as text: dermc writes those a model uses beside its program.
#pragma once
#include <stddef.h>

#pragma clang assume_nonnull begin

typedef struct {
  const char *name;            ///< of the file, as in "dc_common.h"
  const unsigned char *bytes;  ///< its text
  size_t count;
} cpc_source;

/// All of them, a count given.
const cpc_source *cpc_sources(size_t *count);

#pragma clang assume_nonnull end
