// AMX: tiles of 16 rows by 16 sums, 64 products of bytes for each. The permission to use tiles was asked for when the
// processor was detected.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "common/compile.h"
#include "peak.h"

COMPILE_FOR(AMX)

enum { ROWS = 16, ROW_BYTES = 64 };

// Palette 1, as the processor's manual lays it out.
typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_configuration;

static uint64_t run_s8(size_t rounds) {
  assert(rounds <= CK_PEAK_MOST_ROUNDS);
  _Alignas(64) tile_configuration configuration = {.palette = 1};
  _Alignas(64) uint8_t ones[ROWS * ROW_BYTES];
  _Alignas(64) int32_t lanes[ROWS * ROW_BYTES / 4];
  for (int tile = 0; tile < 8; tile++) {
    configuration.row_bytes[tile] = ROW_BYTES;
    configuration.rows[tile] = ROWS;
  }
  memset(ones, 1, sizeof ones);
  _tile_loadconfig(&configuration);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, ones, ROW_BYTES);
  _tile_loadd(5, ones, ROW_BYTES);
  _tile_loadd(6, ones, ROW_BYTES);
  _tile_loadd(7, ones, ROW_BYTES);
  for (size_t round = 0; round < rounds; round++) {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  }
  uint64_t total = 0;
#define ADD(tile)                                                                     \
  _tile_stored(tile, lanes, ROW_BYTES);                                               \
  for (size_t i = 0; i < sizeof lanes / sizeof lanes[0]; i++) total += (uint32_t)lanes[i]
  ADD(0);
  ADD(1);
  ADD(2);
  ADD(3);
#undef ADD
  _tile_release();
  return total;
}

const ck_peak ck_peak_s8__amx = {"peak_s8__amx", NEEDS_AMX, run_s8};

END_COMPILE_FOR
#endif
