/* Error: what went wrong, as a native table whose tostring is one sentence. */
#ifndef SUPERMETRICS_ERROR_H
#define SUPERMETRICS_ERROR_H

#include "transfer_end.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

typedef struct error_facts {
  const char *kind;
  const char *operation;  /* "cancel_backfill" */
  const char *request;    /* "PATCH /teams/1/backfills/2" */
  const char *reason;     /* our own words; NULL where the server's say it all */
  const char *credential; /* is cut out of every text; may be NULL */
  long status;            /* 0 where there was none */
  double elapsed;         /* seconds */
  bool is_unknown;        /* whether the request may have taken effect */
} error_facts;

/* Makes the metatable, and pushes it. */
void error_open(lua_State *L);

/* The kind that goes with an HTTP status outside 2xx. */
const char *error_kind_of_status(long status);

/* The kind that goes with a request that was not answered. */
const char *error_kind_of_end(transfer_end end);

/* Pushes a new Error. */
void error_push(lua_State *L, const error_facts *facts);

/* error[name] = text, without the credential, for the Error on top. */
void error_set_text(lua_State *L, const char *name, const char *text, size_t length, const char *credential);

#pragma GCC visibility pop

#endif
