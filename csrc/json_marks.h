/* Keeps long integers exact through a JSON decoder that turns every number into a double, as lua-cjson 2.1.0 does:
 * before decoding, each integer of 16 digits or more becomes a marked string. Knows nothing of Lua.
 *
 * The mark is the byte 0xFF, which no UTF-8 text holds and no JSON escape produces. A string of the server's that
 * begins with that byte all the same gets it twice, so nothing is mistaken for a mark. */
#ifndef SUPERMETRICS_JSON_MARKS_H
#define SUPERMETRICS_JSON_MARKS_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

#define JSON_MARK '\xFF'

/* Writes `text` with its long integers marked to `marked`, or only measures where that is NULL. Returns the length of
 * the marked text; 0 where there is nothing to mark. Text that is not JSON stays as wrong as it was. */
size_t json_mark_long_integers(const char *text, size_t length, char *marked);

#pragma GCC visibility pop

#endif
