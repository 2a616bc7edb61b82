#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ck_rans.h"

enum { MOST_BYTES = 4096, MOST_WORDS = 4096, TABLES = 3 };

// Frequencies of some bytes, the rest of the slots being one byte's.
static void make_frequencies(generator *g, uint16_t frequencies[256]) {
  memset(frequencies, 0, 256 * sizeof *frequencies);
  const int32_t bytes = next_int(g, 1, 255);
  int32_t left = CK_RANS_SLOTS;
  for (int32_t i = 0; i < bytes; i++) {
    const int32_t most = left / 8 > 1 ? left / 8 : 1;
    const int32_t taken = next_int(g, 1, most);
    if (taken >= left - 1) break;
    frequencies[next_int(g, 0, 254)] += (uint16_t)taken;
    left -= taken;
  }
  frequencies[255] = (uint16_t)(left - 1);
  frequencies[0] += 1;
}

// Any states and words are a stream of something, as long as the words suffice. They end at a page nobody may touch.
static void check_stream(generator *g, size_t n, size_t words, const uint32_t *tables) {
  const size_t size = 4 * CK_RANS_LANES + 2 * words;
  memory stored = take_memory(size, 1);
  uint8_t *bytes = stored.data;
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)next_int(g, 0, 255);
  for (size_t lane = 0; lane < CK_RANS_LANES; lane++) bytes[4 * lane + 3] |= 1;
  // Rows of one table, most of them no multiple of the lanes.
  uint8_t *numbers = malloc(n);
  if (!numbers) exit(2);
  for (size_t i = 0; i < n; i++)
    numbers[i] = i > 0 && next_int(g, 0, 40) > 0 ? numbers[i - 1] : (uint8_t)next_int(g, 0, TABLES - 1);

  const ck_rans_decoder *const scalar = ck_rans_decoder_for(0), *decoders[8];
  output expected = take_output(n);
  memcpy(expected.data, numbers, n);
  ck_rans_stream after;
  const int is_stream = ck_rans_begin(&after, bytes, size);
  const int is_whole = is_stream && scalar->decode(&after, tables, n, expected.data);
  tally(scalar->name, is_stream && !is_overrun(&expected), "begins and writes within %zu bytes", n);
  digest_bytes(&is_whole, sizeof is_whole);
  if (is_whole) digest_bytes(expected.data, n), digest_bytes(after.states, sizeof after.states);
  const size_t count = ck_rans_decoder_all(decoders, sizeof decoders / sizeof decoders[0]);
  for (size_t i = 0; i < count; i++) {
    if (decoders[i] == scalar) continue;
    output y = take_output(n);
    memcpy(y.data, numbers, n);
    ck_rans_stream stream;
    ck_rans_begin(&stream, bytes, size);
    int is_same = decoders[i]->decode(&stream, tables, n, y.data) == is_whole && !is_overrun(&y);
    if (is_whole)
      is_same = is_same && memcmp(y.data, expected.data, n) == 0 && stream.next == after.next &&
                memcmp(stream.states, after.states, sizeof after.states) == 0;
    tally(decoders[i]->name, is_same, "%zu bytes of %zu words", n, words);
    give_back_output(&y);
  }
  give_back_output(&expected);
  free(numbers);
  give_back(&stored);
}

void check_rans(const selection *s) {
  generator g = {.state = 77};
  uint32_t *tables = malloc(TABLES * CK_RANS_SLOTS * sizeof *tables);
  if (!tables) exit(2);
  for (size_t round = 0; round < 400 / s->every; round++) {
    int is_made = 1;
    for (size_t table = 0; table < TABLES; table++) {
      uint16_t frequencies[256];
      make_frequencies(&g, frequencies);
      is_made = is_made && ck_rans_make_table(frequencies, tables + table * CK_RANS_SLOTS);
    }
    tally("rans__scalar", is_made, "tables in round %zu", round);
    if (!is_made) continue;
    const size_t n = (size_t)next_int(&g, 1, MOST_BYTES), few = (size_t)next_int(&g, 0, 64);
    check_stream(&g, n, MOST_WORDS, tables);
    check_stream(&g, n, n / 2, tables);
    check_stream(&g, few + 1, few, tables);
  }
  free(tables);
}
