// AMX palette 1 in software, after the operation sections of Intel's manual (LDTILECFG, TILELOADD, TILESTORED, TDPBSSD,
// TILERELEASE), and the kernel's own source compiled against it under another name.
#include "CAMXModel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PALETTE = 1, TILES = 8, ROWS = 16, ROW_SIZE = 64 };

typedef struct {
  size_t rows, row_size;  // as configured; 0: not in use
  uint8_t bytes[ROWS][ROW_SIZE];
} tile_register;

static _Thread_local int is_configured;
static _Thread_local tile_register tiles[TILES];
static _Thread_local amx_model_counts counts;

static _Noreturn void fault(const char *instruction, const char *reason) {
  fprintf(stderr, "AMX model: %s: %s\n", instruction, reason);
  abort();
}

static void check(int is_valid, const char *instruction, const char *reason) {
  if (!is_valid) fault(instruction, reason);
}

static tile_register *in_use(unsigned tile, const char *instruction) {
  check(is_configured, instruction, "tiles are not configured");
  check(tile < TILES, instruction, "there is no such tile");
  check(tiles[tile].rows > 0 && tiles[tile].row_size > 0, instruction, "the tile is not in use");
  return &tiles[tile];
}

static int is_zero(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (bytes[i]) return 0;
  return 1;
}

void amx_model_configure(const void *configuration) {
  static const char name[] = "ldtilecfg";
  uint8_t c[64];
  memcpy(c, configuration, sizeof c);
  counts.configurations++;
  memset(tiles, 0, sizeof tiles);
  is_configured = 0;
  if (c[0] == 0) return;
  check(c[0] == PALETTE, name, "unknown palette");
  // A start row is for resuming a load that faulted; nothing else has a use for it.
  check(c[1] == 0, name, "start row");
  check(is_zero(c + 2, 14) && is_zero(c + 16 + 2 * TILES, 16) && is_zero(c + 48 + TILES, 8), name,
        "reserved bytes are not zero");
  for (size_t i = 0; i < TILES; i++) {
    size_t row_size = c[16 + 2 * i] | (size_t)c[17 + 2 * i] << 8, rows = c[48 + i];
    check(row_size <= ROW_SIZE, name, "rows are too long");
    check(rows <= ROWS, name, "too many rows");
    check((rows == 0) == (row_size == 0), name, "a tile of no rows, or of rows of no bytes");
    tiles[i].rows = rows;
    tiles[i].row_size = row_size;
  }
  is_configured = 1;
}

void amx_model_release(void) {
  counts.releases++;
  memset(tiles, 0, sizeof tiles);
  is_configured = 0;
}

void amx_model_load(unsigned tile, const void *from, size_t stride) {
  tile_register *t = in_use(tile, "tileloadd");
  counts.loads++;
  // What lies beyond the tile's size becomes zero.
  memset(t->bytes, 0, sizeof t->bytes);
  for (size_t row = 0; row < t->rows; row++) memcpy(t->bytes[row], (const uint8_t *)from + row * stride, t->row_size);
}

void amx_model_store(unsigned tile, void *to, size_t stride) {
  const tile_register *t = in_use(tile, "tilestored");
  counts.stores++;
  for (size_t row = 0; row < t->rows; row++) memcpy((uint8_t *)to + row * stride, t->bytes[row], t->row_size);
}

void amx_model_dot(unsigned c, unsigned a, unsigned b) {
  static const char name[] = "tdpbssd";
  tile_register *sums = in_use(c, name);
  const tile_register *left = in_use(a, name), *right = in_use(b, name);
  check(c != a && c != b && a != b, name, "operands are not three tiles");
  check(sums->row_size % 4 == 0 && left->row_size % 4 == 0 && right->row_size % 4 == 0, name,
        "rows are not whole groups of 4 bytes");
  check(sums->rows == left->rows, name, "rows of sums and of the first operand differ");
  check(sums->row_size == right->row_size, name, "columns of sums and of the second operand differ");
  check(left->row_size / 4 == right->rows, name, "groups of the first operand and rows of the second differ");
  counts.dots++;
  counts.dot_rows += left->rows;
  for (size_t m = 0; m < sums->rows; m++) {
    uint32_t row[ROW_SIZE / 4] = {0};
    memcpy(row, sums->bytes[m], sums->row_size);
    for (size_t k = 0; k < right->rows; k++)
      for (size_t n = 0; n < right->row_size / 4; n++)
        for (size_t i = 0; i < 4; i++)
          row[n] += (uint32_t)((int8_t)left->bytes[m][4 * k + i] * (int8_t)right->bytes[k][4 * n + i]);
    memcpy(sums->bytes[m], row, sizeof row);
  }
  for (size_t m = sums->rows; m < ROWS; m++) memset(sums->bytes[m], 0, ROW_SIZE);
}

amx_model_counts amx_model_take_counts(void) {
  amx_model_counts taken = counts;
  memset(&counts, 0, sizeof counts);
  return taken;
}

#if defined(__x86_64__)
#define CK_AMX_MODEL
#define ck_igemm_s8__amx ck_igemm_s8__amx_model
#include "igemm/igemm_s8__amx.c"

const ck_conv_s8_kernel *amx_model_kernel(void) { return &ck_igemm_s8__amx_model; }
#else
const ck_conv_s8_kernel *amx_model_kernel(void) { return NULL; }
#endif
