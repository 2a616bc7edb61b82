// A Cortex-M image without a system: the vector table, what runs before main, and output by semihosting, which
// QEMU (-semihosting) and debuggers answer.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern uint32_t stack_top[], data_begin[], data_end[], data_stored[], bss_begin[], bss_end[];

int main(void);
void reset(void);
void fault(void);
void say(const char *text);
void finish(int code);

static int32_t semihosting(int32_t operation, const void *argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void say(const char *text) { semihosting(0x04, text); }

void finish(int code) {
  const int32_t reason[2] = {0x20026, code};  // the application has ended
  semihosting(0x20, reason);
  for (;;) {}
}

void fault(void) {
  say("fault\n");
  finish(3);
}

// The deepest the stack has been: below, memory is as it was painted.
enum { PAINT = 0x5a5a5a5a };
extern uint32_t stack_bottom[];
static void say_stack(void) {
  const uint32_t *at = stack_bottom;
  while (at < stack_top && *at == PAINT) at++;
  int32_t used = (int32_t)((const char *)stack_top - (const char *)at);
  char text[24] = "             bytes\n", *digit = text + 11;
  for (; used > 0; used /= 10) *digit-- = (char)('0' + used % 10);
  say("stack");
  say(digit);
}

void reset(void) {
  uint32_t *top;
  __asm__ volatile("mov %0, sp" : "=r"(top));
  for (volatile uint32_t *at = stack_bottom; at < top - 16; at++) *at = PAINT;
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;  // the floating-point unit
  __asm__ volatile("dsb\n isb");
  memcpy(data_begin, data_stored, (size_t)((char *)data_end - (char *)data_begin));
  memset(bss_begin, 0, (size_t)((char *)bss_end - (char *)bss_begin));
  const int code = main();
  say_stack();
  finish(code);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, (const void *)reset, (const void *)fault, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault,
};
