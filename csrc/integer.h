/* Decimal text and 64-bit integers. Knows nothing of Lua. */
#ifndef SUPERMETRICS_INTEGER_H
#define SUPERMETRICS_INTEGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Enough for any int64_t with its sign and a NUL. */
enum { INTEGER_TEXT_SIZE = 21 };

/* Reads an integer as JSON spells one: an optional minus, digits, no leading zero. False where the text is anything
 * else, or does not fit. */
bool integer_parse(const char *text, size_t length, int64_t *value);

/* Writes `value` in decimal; returns the number of characters. */
size_t integer_write(int64_t value, char text[INTEGER_TEXT_SIZE]);

#pragma GCC visibility pop

#endif
