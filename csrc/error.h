/* Error: what went wrong, as a native table whose tostring is one sentence. */
#ifndef SUPERMETRICS_ERROR_H
#define SUPERMETRICS_ERROR_H

#include "transfer_end.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Each has its name in error.c, and a sentence in lua/supermetrics/types.lua. */
typedef enum error_kind {
  ERROR_BAD_REQUEST,
  ERROR_UNAUTHORIZED,
  ERROR_FORBIDDEN,
  ERROR_NOT_FOUND,
  ERROR_UNPROCESSABLE,
  ERROR_RATE_LIMITED,
  ERROR_SERVER_ERROR,
  ERROR_UNEXPECTED_STATUS,
  ERROR_NETWORK,
  ERROR_TIMEOUT,
  ERROR_TLS,
  ERROR_INVALID_RESPONSE,
  ERROR_ABORTED,
  ERROR_KIND_COUNT
} error_kind;

typedef struct error_facts {
  error_kind kind;
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
error_kind error_kind_of_status(long status);

/* The kind that goes with a request that was not answered. */
error_kind error_kind_of_end(transfer_end end);

/* Pushes a list of the names of all kinds. */
void error_push_kind_names(lua_State *L);

/* Pushes a new Error. */
void error_push(lua_State *L, const error_facts *facts);

/* error[name] = text, without the credential, for the Error on top. */
void error_set_text(lua_State *L, const char *name, const char *text, size_t length, const char *credential);

#pragma GCC visibility pop

#endif
