#ifndef DERMC_CPNG_SHIM_H
#define DERMC_CPNG_SHIM_H

#include <png.h>

#endif
