/* Calendar dates as the API spells them, RFC 3339 full-date. Knows nothing of Lua. */
#ifndef SUPERMETRICS_DATE_H
#define SUPERMETRICS_DATE_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* "YYYY-MM-DD" and a NUL. Dates of this form sort as strings. */
enum { DATE_TEXT_SIZE = 11 };

/* Whether the text is a day that there is, from 0001-01-01 to 9999-12-31. */
bool date_is_real(const char *text, size_t length);

#pragma GCC visibility pop

#endif
