#include "CPlainC.h"

// Clang has #embed in all its languages.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char interpreter[] = {
#embed "../PlainC/Web/interpreter.wasm"
};
static const unsigned char script[] = {
#embed "../PlainC/Web/page.js"
};
static const unsigned char style[] = {
#embed "../PlainC/Web/page.css"
};

static const cpc_source parts[] = {
    {"interpreter.wasm", interpreter, sizeof interpreter},
    {"page.js", script, sizeof script},
    {"page.css", style, sizeof style},
};

const cpc_source *cpc_page_parts(size_t *count) {
  *count = sizeof parts / sizeof *parts;
  return parts;
}
