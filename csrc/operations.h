/* The operations of the Data Backfills API: one row each. */
#ifndef SUPERMETRICS_OPERATIONS_H
#define SUPERMETRICS_OPERATIONS_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum { OPERATION_PARAMETERS = 2 };

typedef struct operation {
  const char *name;
  const char *method;
  const char *path;                             /* under the base URL, with parameters in braces */
  const char *parameters[OPERATION_PARAMETERS]; /* ids, in the order of the arguments */
  const char *body;                             /* JSON; NULL for none */
  bool writes;
  int answered_id;             /* which argument the answer must be about; -1 for none */
  const char *answered_status; /* the status that the backfill of the answer must have; NULL for any */
} operation;

/* All of them; the row behind the last has no name. */
const operation *operation_rows(void);

/* Raises where there is none of this name. */
const operation *operation_check_name(lua_State *L, int index);

/* How many arguments the operation takes, the optional overrides not counted. */
int operation_argument_count(const operation *asked);

/* Reads the arguments from `first` on into `ids`; raises where one is not an id. */
void operation_check_arguments(lua_State *L, const operation *asked, int first, int64_t ids[OPERATION_PARAMETERS]);

/* Pushes the path with the ids in it. */
void operation_push_path(lua_State *L, const operation *asked, const int64_t ids[OPERATION_PARAMETERS]);

#pragma GCC visibility pop

#endif
