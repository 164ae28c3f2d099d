/* Words for arguments that are not what they must be. */
#ifndef SUPERMETRICS_MISUSE_H
#define SUPERMETRICS_MISUSE_H

#include <lua.h>

#pragma GCC visibility push(hidden)

/* Pushes how a value reads in a message: its type, and for numbers, booleans and short strings what it is. */
const char *misuse_push_description(lua_State *L, int index);

#pragma GCC visibility pop

#endif
