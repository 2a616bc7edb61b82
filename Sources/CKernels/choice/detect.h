// Processor facts for single files, beyond the instruction sets of ck_isa.h.
#pragma once

/// Whether the SHA instructions of x86 (with SSE4.1) run here. Detected once; thread-safe.
int ck_has_shani(void);
