#include "include/derm.h"

uint32_t derm_abi_version(void) { return DERM_ABI_VERSION; }

const char *derm_status_name(derm_status status) {
  switch (status) {
    case DERM_OK: return "ok";
    case DERM_INVALID_ARGUMENT: return "invalid argument";
    case DERM_UNREADABLE_FILE: return "unreadable file";
    case DERM_NOT_A_BUNDLE: return "not a bundle";
    case DERM_UNSUPPORTED_VERSION: return "unsupported version";
    case DERM_DAMAGED: return "damaged";
    case DERM_UNTRUSTED: return "untrusted";
    case DERM_INVALID_KEY: return "invalid key";
    case DERM_UNSUPPORTED_MODEL: return "unsupported model";
    case DERM_UNSUPPORTED_PROCESSOR: return "unsupported processor";
    case DERM_MEMORY_LIMIT: return "memory limit";
    case DERM_OUT_OF_MEMORY: return "out of memory";
    case DERM_INVALID_THREADS: return "invalid threads";
    case DERM_INPUT_DOES_NOT_FIT: return "input does not fit";
    case DERM_UNREADABLE_IMAGE: return "unreadable image";
    case DERM_NOT_FINITE: return "not finite";
    case DERM_IN_USE: return "in use";
  }
  return "unknown";
}
