/* Call: one request in flight, or its answer. */
#ifndef SUPERMETRICS_CALL_H
#define SUPERMETRICS_CALL_H

#include "operations.h"
#include "transport.h"

#include <lua.h>

#pragma GCC visibility push(hidden)

typedef struct call {
  const operation *asked;
  operation_arguments arguments;
  bool writes;
  header_list *headers; /* of its own until it is in flight; NULL where it sends the client's */
  transfer *request;    /* NULL before it is in flight and once its answer has been read */
} call;

/* Makes the metatable. */
void call_open(lua_State *L);

/* Pushes a Call that is not in flight yet, and keeps the client at `client` alive for it. */
call *call_push(lua_State *L, int client);

/* How errors name a Call that is not one of the operations': "GET /teams/1". The Call is on top. */
void call_name_request(lua_State *L, const char *method, const char *path);

/* Whether there is an answer. */
bool call_has_ended(const call *asked);

/* Pushes what Call:result returns for the Call at `index`; returns how many values those are. */
int call_push_result(lua_State *L, int index);

/* Pushes value, Error and response of a Call that has just ended, and keeps none of them. */
void call_push_answer(lua_State *L, call *asked, int index);

/* Keeps the three on top, which stay there, as what Call:result returns for the Call at `index`. */
void call_keep_answer(lua_State *L, int index);

/* Makes a Call whose answer was pushed, and which nobody holds, as good as new. */
void call_forget(call *asked);

#pragma GCC visibility pop

#endif
