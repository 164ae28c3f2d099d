/* What an answer to an operation means: Backfill or Error. */
#ifndef SUPERMETRICS_ANSWER_H
#define SUPERMETRICS_ANSWER_H

#include "operations.h"
#include "transport.h"

#pragma GCC visibility push(hidden)

typedef struct answer_facts {
  const operation *asked;
  const operation_arguments *arguments;
  const char *request; /* "GET /teams/1"; NULL where the operation and its arguments say it */
  bool writes;
  const char *credential; /* that the request carried */
  const transfer_result *result;
} answer_facts;

/* Pushes value, nil, response or nil, Error, response. A 2xx is a success only where its body is what was asked for. */
void answer_push(lua_State *L, const answer_facts *facts);

#pragma GCC visibility pop

#endif
