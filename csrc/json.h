/* JSON through a private instance of lua-cjson, so that the host's settings of it neither matter nor change. */
#ifndef SUPERMETRICS_JSON_H
#define SUPERMETRICS_JSON_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Loads lua-cjson and keeps an instance in the registry. Raises where there is no lua-cjson. */
void json_open(lua_State *L);

/* Pushes the decoded value and returns true, or pushes what is wrong with the text and returns false. The value is to
 * be settled, as a whole or where it is looked at; `marked` tells whether long integers stand in it as marked strings.
 */
bool json_decode(lua_State *L, const char *text, size_t length, bool *marked);

/* Settles all of the decoded table on top, in place.
 *
 * Integers are exact at any length: those of Lua 5.3 and newer are Lua integers; elsewhere one from 2^53 on is its
 * decimal string, and so is everywhere one that needs more than 64 bits. A null in an object is an absent field; a null
 * in an array stays the light userdata NULL, so that the array has no hole. */
void json_settle(lua_State *L, bool marked);

/* Pushes what the decoded value at `index`, a field of an object and no table, should rather be; false, and nothing
 * pushed, where it is right as it is. */
bool json_push_settled(lua_State *L, int index, bool marked);

/* Whether the decoded value on top is an array. An empty object looks like an empty array, and counts as one. */
bool json_is_list(lua_State *L);

/* Pushes the JSON of the table at `index` and returns true, or pushes why it has none and returns false. An integer
 * that lua-cjson would round is such a reason. */
bool json_encode(lua_State *L, int index);

#pragma GCC visibility pop

#endif
