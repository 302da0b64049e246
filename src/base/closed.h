/* closed.h: memory that must not be read for a while, though it is ours: what lies behind the bytes that came in. Under
 * AddressSanitizer whoever reads it is found out, as it would be behind the end of a buffer; elsewhere this is nothing. */
#ifndef BASE_CLOSED_H
#define BASE_CLOSED_H

#include <stddef.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
void __asan_poison_memory_region(void const volatile *at, size_t bytes);
void __asan_unpoison_memory_region(void const volatile *at, size_t bytes);

static inline void memory_close(const void *at, size_t bytes)
{
    __asan_poison_memory_region(at, bytes);
}

static inline void memory_open(const void *at, size_t bytes)
{
    __asan_unpoison_memory_region(at, bytes);
}
#else
static inline void memory_close(const void *at, size_t bytes)
{
    (void)at;
    (void)bytes;
}

static inline void memory_open(const void *at, size_t bytes)
{
    (void)at;
    (void)bytes;
}
#endif

#endif
