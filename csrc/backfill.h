/* Backfill: a decoded JSON object made a native table with the wire's field names and a metatable. */
#ifndef SUPERMETRICS_BACKFILL_H
#define SUPERMETRICS_BACKFILL_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum { BACKFILL_PROBLEM_SIZE = 160 };

/* Makes the metatable, and pushes it. */
void backfill_open(lua_State *L);

/* Makes the object on top, decoded and not settled (see json.h), a Backfill, in place: integers from numbers and
 * numeric strings alike, error_report always a list, unknown fields and statuses kept. False where a field that decides
 * (transfer_backfill_id, status) is missing or not what it must be: `problem` then names it. */
bool backfill_from_table(lua_State *L, bool marked, char problem[BACKFILL_PROBLEM_SIZE]);

/* A field of the Backfill on top as an integer; false where it is none. */
bool backfill_integer(lua_State *L, const char *name, int64_t *value);

/* Whether the Backfill on top has this status. */
bool backfill_has_status(lua_State *L, const char *status);

#pragma GCC visibility pop

#endif
