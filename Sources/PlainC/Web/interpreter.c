// Runs the program of any model with the kernels of plain C: what a web page does with WebAssembly, whose memory keeps
// it from everything else.
//
// A program is little-endian words of 32 bits: the header below, and what it tells the places of, in bytes from its
// beginning. A call is the name of a routine, a count of arguments, and as many arguments of four words: a kind and
// what it asks for. CModel+Binary.swift writes programs. What is not as it has to be ends the module.
#include "dc_common.h"
#include "dc_conv_f32.h"
#include "dc_conv_s8.h"
#include "dc_copy.h"
#include "dc_dwconv_s8.h"
#include "dc_elementwise_f32.h"
#include "dc_elementwise_s8.h"
#include "dc_pool_f32.h"
#include "dc_pool_s8.h"
#include "dc_resize.h"
#include "dc_softmax_f32.h"
#include "dc_transpose.h"

#define EXPORT(name) __attribute__((export_name(#name)))

enum { MAGIC = 0x50574344, VERSION = 1, NAME_BYTES = 32, MOST_NAMES = 128, PAGE = 65536 };

// Words of the header. Digests take two, the lower first.
enum {
  IS_MAGIC, IS_VERSION, IS_BYTES, ARENA_BYTES, GATHERED_STEPS, DIRECT_STEPS, TAPS, NAMES, NAME_COUNT, INPUTS,
  INPUT_COUNT, OUTPUTS, OUTPUT_COUNT, CALLS, CALL_COUNT, FIT, TENSOR_DIGEST, IMAGE_DIGEST = TENSOR_DIGEST + 2,
  HEADER_WORDS = IMAGE_DIGEST + 2
};

// Kinds of arguments, and what stands in their words.
enum {
  NUMBER,      // an integer
  REAL,        // the bits of a float
  ARENA,       // an offset in the arena
  CONSTANT,    // a place in the program
  SCRATCH,     // nothing
  ACTIVATION,  // a name, the bits of two floats
  OPERATION,   // a name
  RECORD       // a place in the program
};

static const uint8_t *program;
static const uint32_t *header;
static uint8_t *arena, *scratch_memory, *pixel_memory;
static uint32_t pixel_bytes;
static int32_t names[MOST_NAMES];
static dc_fit fit;

static void require(int is_so) {
  if (!is_so) __builtin_trap();
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) { return __builtin_memcpy(to, from, count); }
void *memset(void *to, int byte, size_t count) { return __builtin_memset(to, byte, count); }

static int is_same(const char *a, const char *b) {
  for (; *a && *a == *b; a++, b++) {}
  return *a == *b;
}

// MARK: Memory

extern uint8_t __heap_base;
static uintptr_t heap;

/// Memory that stays, 64-byte aligned and readable DC_PAD bytes past its end.
static void *allocate(uint32_t bytes) {
  if (!heap) heap = (uintptr_t)&__heap_base;
  const uintptr_t start = DC_ROUND_UP(heap, 64);
  require(bytes < 0x7f000000 && start < 0x7f000000);
  const uintptr_t end = start + bytes + DC_PAD, present = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
  if (end > present) require(__builtin_wasm_memory_grow(0, (end - present + PAGE - 1) / PAGE) != (size_t)-1);
  heap = end;
  return (void *)start;
}

/// Where a program, or anything that stays, is to be put.
EXPORT(reserve) void *reserve(uint32_t bytes) { return allocate(bytes); }

/// Where the pixels of an image are to be put, as red, green, blue and alpha: valid until the next image is larger.
EXPORT(pixels) void *pixels(uint32_t bytes) {
  if (bytes > pixel_bytes) {
    // Nothing is allocated after the pixels, so that they can grow where they are.
    if (pixel_memory) heap = (uintptr_t)pixel_memory;
    pixel_memory = allocate(bytes);
    pixel_bytes = bytes;
  }
  return pixel_memory;
}

// MARK: Programs

/// So many words at a place of the program.
static const uint32_t *words(uint32_t place, uint32_t count) {
  require(place % 4 == 0 && place <= header[IS_BYTES] && count <= (header[IS_BYTES] - place) / 4);
  return (const uint32_t *)(program + place);
}

static float float_of(uint32_t bits) { return dc_from_bits(bits); }

static void *in_arena(uint32_t offset) {
  require(offset <= header[ARENA_BYTES]);
  return arena + offset;
}

static void *constant(uint32_t place) {
  require(place <= header[IS_BYTES]);
  return (void *)(program + place);
}

// MARK: Calls

enum {
#define ROUTINE(name, ...) ROUTINE_##name,
#include "routines.h"
#undef ROUTINE
};

/// What a name in a program stands for.
static const struct {
  const char *name;
  int32_t number;
} meanings[] = {
#define ROUTINE(name, ...) {#name, ROUTINE_##name},
#include "routines.h"
#undef ROUTINE
#define FUNCTION(name) {#name, name},
    FUNCTION(DC_IDENTITY) FUNCTION(DC_CLIP) FUNCTION(DC_SIGMOID) FUNCTION(DC_SILU) FUNCTION(DC_TANH)
    FUNCTION(DC_HARD_SIGMOID) FUNCTION(DC_HARD_SWISH) FUNCTION(DC_LEAKY_RELU) FUNCTION(DC_ELU) FUNCTION(DC_GELU)
    FUNCTION(DC_ERF) FUNCTION(DC_EXP) FUNCTION(DC_SOFTPLUS) FUNCTION(DC_MISH) FUNCTION(DC_LOG) FUNCTION(DC_SQRT)
    FUNCTION(DC_ABS) FUNCTION(DC_NEG) FUNCTION(DC_RECIPROCAL) FUNCTION(DC_FLOOR) FUNCTION(DC_CEIL) FUNCTION(DC_SELU)
    FUNCTION(DC_SIGN) FUNCTION(DC_ROUND) FUNCTION(DC_ADD) FUNCTION(DC_SUB) FUNCTION(DC_MUL) FUNCTION(DC_DIV)
    FUNCTION(DC_MIN) FUNCTION(DC_MAX)
};

static int32_t named(uint32_t index) {
  require(index < header[NAME_COUNT]);
  return names[index];
}

static const uint32_t *call;

/// An argument, which has to be of a kind.
static const uint32_t *argument(uint32_t index, uint32_t kind) {
  require(index < call[1]);
  const uint32_t *found = call + 2 + 4 * index;
  require(found[0] == kind);
  return found + 1;
}

static int32_t number(uint32_t index) { return (int32_t)*argument(index, NUMBER); }
static float real(uint32_t index) { return float_of(*argument(index, REAL)); }
static int32_t operation(uint32_t index) { return named(*argument(index, OPERATION)); }

static void *at(uint32_t index) {
  require(index < call[1]);
  const uint32_t *found = call + 2 + 4 * index;
  if (found[0] == ARENA) return in_arena(found[1]);
  require(found[0] == CONSTANT);
  return constant(found[1]);
}

static void *scratch(uint32_t index) {
  argument(index, SCRATCH);
  return scratch_memory;
}

static dc_activation activation(uint32_t index) {
  const uint32_t *found = argument(index, ACTIVATION);
  const dc_activation result = {(dc_function)named(found[0]), float_of(found[1]), float_of(found[2])};
  return result;
}

static const dc_window *window(uint32_t index) {
  static dc_window result;
  memcpy(&result, words(*argument(index, RECORD), sizeof result / 4), sizeof result);
  return &result;
}

static const dc_output *output(uint32_t index) {
  static dc_output result;
  const uint32_t *found = words(*argument(index, RECORD), 5);
  memcpy(&result, found, 16);
  result.lut = found[4] ? constant(found[4]) : NULL;
  return &result;
}

static const dc_strides *strides(uint32_t index) {
  static dc_strides result;
  memcpy(&result, words(*argument(index, RECORD), sizeof result / 4), sizeof result);
  return &result;
}

static void run_layers(void) {
  uint32_t place = header[CALLS];
  for (uint32_t i = 0; i < header[CALL_COUNT]; i++) {
    call = words(place, 2);
    require(call[1] < 32);
    words(place, 2 + 4 * call[1]);
    place += 4 * (2 + 4 * call[1]);
    switch (named(call[0])) {
#define ROUTINE(name, ...) \
  case ROUTINE_##name: name(__VA_ARGS__); break;
#include "routines.h"
#undef ROUTINE
      default: require(0);
    }
  }
}

// MARK: The model

static void load_fit(void) {
  if (!header[FIT]) return;
  const int32_t *found = (const int32_t *)words(header[FIT], 16);
  memcpy(&fit, found, 10 * 4);
  require(fit.width > 0 && fit.width < 65536 && fit.height > 0 && (fit.channels == 1 || fit.channels == 3));
  require(fit.capacity > 0 && fit.capacity < 1 << 24);
  fit.weights = allocate(4 * (uint32_t)fit.capacity);
  fit.starts = allocate(4 * (uint32_t)fit.width);
  fit.lengths = allocate(4 * (uint32_t)fit.width);
  fit.sums = allocate(4 * DC_FIT_ROWS * (uint32_t)(fit.width * fit.channels));
  fit.pixels = allocate((uint32_t)(fit.width * fit.channels));
}

/// Takes over a program that was put into reserved memory.
EXPORT(load) void load(const uint8_t *bytes, uint32_t count) {
  program = bytes;
  header = (const uint32_t *)bytes;
  require(count >= 4 * HEADER_WORDS && header[IS_MAGIC] == MAGIC && header[IS_VERSION] == VERSION);
  require(header[IS_BYTES] == count && header[NAME_COUNT] <= MOST_NAMES);
  const char *name = (const char *)words(header[NAMES], header[NAME_COUNT] * NAME_BYTES / 4);
  for (uint32_t i = 0; i < header[NAME_COUNT]; i++, name += NAME_BYTES) {
    uint32_t k = 0;
    require(name[NAME_BYTES - 1] == 0);
    while (k < sizeof meanings / sizeof *meanings && !is_same(meanings[k].name, name)) k++;
    require(k < sizeof meanings / sizeof *meanings);
    names[i] = meanings[k].number;
  }
  const uint32_t gathered = header[GATHERED_STEPS], direct = header[DIRECT_STEPS], taps = header[TAPS];
  require(gathered < 1 << 20 && direct < 1 << 20 && taps < 1 << 20);
  uint32_t bytes_needed = DC_LARGER(DC_CONV_S8_SCRATCH(gathered, 0), DC_CONV_S8_SCRATCH(direct, 1));
  bytes_needed = DC_LARGER(bytes_needed, DC_DWCONV_S8_SCRATCH(taps));
  scratch_memory = allocate(bytes_needed);
  arena = allocate(header[ARENA_BYTES]);
  load_fit();
}

static int run_picture(const uint8_t *rgb, int32_t w, int32_t h) {
  const uint32_t *found = words(header[FIT], 16);
  const int is_done = found[10] ? dc_fit_s8(&fit, rgb, w, h, constant(found[12]), in_arena(found[11]))
                                : dc_fit_f32(&fit, rgb, w, h, constant(found[12]), in_arena(found[11]));
  if (is_done) run_layers();
  return is_done;
}

/// Classifies the image at `pixels`. Returns 0 where it is empty or too large.
EXPORT(classify) int classify(int32_t w, int32_t h) {
  if (!header[FIT] || w < 1 || h < 1 || w > DC_FIT_PIXELS / h) return 0;
  require(4 * (uint32_t)w * (uint32_t)h <= pixel_bytes);
  for (uint32_t i = 0; i < (uint32_t)w * (uint32_t)h; i++)
    for (uint32_t c = 0; c < 3; c++) pixel_memory[3 * i + c] = pixel_memory[4 * i + c];
  return run_picture(pixel_memory, w, h);
}

/// Where the numbers of an output are.
EXPORT(answer) const float *answer(uint32_t index) {
  require(index < header[OUTPUT_COUNT]);
  return in_arena(words(header[OUTPUTS], 2 * header[OUTPUT_COUNT])[2 * index]);
}

// MARK: Self-test

/// FNV-1a over the bits of all answers.
static uint64_t digest(void) {
  uint64_t found = UINT64_C(14695981039346656037);
  const uint32_t *ports = words(header[OUTPUTS], 2 * header[OUTPUT_COUNT]);
  for (uint32_t k = 0; k < header[OUTPUT_COUNT]; k++, ports += 2) {
    const float *values = in_arena(ports[0]);
    for (uint32_t i = 0; i < ports[1]; i++)
      for (int shift = 0; shift < 32; shift += 8)
        found = (found ^ (dc_bits(values[i]) >> shift & 255)) * UINT64_C(1099511628211);
  }
  return found;
}

static int holds(uint32_t expected) {
  return digest() == (header[expected] | (uint64_t)header[expected + 1] << 32);
}

/// Element i, row-major, is (i mod 61 * 37 mod 256 - 128) / 64.
static void write_pattern(const uint32_t *port) {
  const uint32_t count = port[1], channels = port[5], area = port[6], image = channels * area;
  for (uint32_t i = 0; i < count; i++) {
    const float x = (float)((int32_t)(i % 61 * 37 % 256) - 128) / 64.0f;
    const uint32_t place = area ? i / image * image + i % area * channels + i / area % channels : i;
    if (port[2]) {
      dc_quantize_s8(1, &x, float_of(port[3]), (int32_t)port[4], (int8_t *)in_arena(port[0] + place));
    } else {
      *(float *)in_arena(port[0] + 4 * place) = x;
    }
  }
}

/// Runs the model on patterns and compares the answers' bits with dermc's. Returns 0 where they are the same, 1 where
/// the layers' differ, 2 where the image's do.
EXPORT(selftest) int selftest(void) {
  const uint32_t *ports = words(header[INPUTS], 7 * header[INPUT_COUNT]);
  for (uint32_t k = 0; k < header[INPUT_COUNT]; k++) write_pattern(ports + 7 * k);
  run_layers();
  if (!holds(TENSOR_DIGEST)) return 1;
  if (!header[FIT]) return 0;
  const uint32_t *found = words(header[FIT], 16);
  return run_picture(constant(found[13]), (int32_t)found[14], (int32_t)found[15]) && holds(IMAGE_DIGEST) ? 0 : 2;
}
