// The kernels of plain C programs, as text: dermc writes those a model uses beside its program. And the parts of a web
// page that runs programs.
#pragma once
#include <stddef.h>

#pragma clang assume_nonnull begin

typedef struct {
  const char *name;            ///< of the file, as in "dc_common.h"
  const unsigned char *bytes;  ///< what is in it
  size_t count;
} cpc_source;

/// All kernels, a count given.
const cpc_source *cpc_sources(size_t *count);

/// The parts of a web page: "interpreter.wasm", "page.js", "page.css".
const cpc_source *cpc_page_parts(size_t *count);

#pragma clang assume_nonnull end
