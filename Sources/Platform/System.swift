// The system's C library: files, mapping, processes, dynamic libraries, and the functions of <math.h>. No other file of
// this package imports it, so another system is a line here.
//
// Whoever imports Platform sees its names, as whoever imports Glibc sees those of C headers: wrapping each of a hundred
// POSIX names would add a second name to learn and a call to every exponential.
#if canImport(Glibc)
@_exported import Glibc
#elseif canImport(Musl)
@_exported import Musl
#elseif canImport(Android)
@_exported import Android
#elseif canImport(Darwin)
@_exported import Darwin
#else
#error("Platform knows no C library of this system")
#endif
