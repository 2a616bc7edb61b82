// What the signal handlers need to know about files. Both may be called in a handler.
#pragma once
#include <stdint.h>

/// The path of the mapping an address lies in; NULL where it lies in none.
const char *cp_mapping_at(uintptr_t address);
/// Unlinks all staged files.
void cp_unlink_staged(void);
extern int cp_is_guarded;
