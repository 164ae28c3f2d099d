/* The operations of the Data Backfills API: one row each. */
#ifndef SUPERMETRICS_OPERATIONS_H
#define SUPERMETRICS_OPERATIONS_H

#include "date.h"

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum { OPERATION_PARAMETERS = 4, OPERATION_IDS = 2, OPERATION_DATES = 2 };

/* Enough for the path or the body of any operation. */
enum { OPERATION_TEXT_SIZE = 160 };

typedef enum parameter_type { PARAMETER_ID, PARAMETER_DATE } parameter_type;

typedef struct operation_parameter {
  const char *name; /* NULL behind the last */
  parameter_type type;
} operation_parameter;

typedef enum answer_shape { ANSWER_BACKFILL, ANSWER_BACKFILL_LIST, ANSWER_DOCUMENT } answer_shape;

/* What the second id of the arguments names, and the backfill of the answer must be about. */
typedef enum answer_subject { ABOUT_ANYTHING, ABOUT_BACKFILL, ABOUT_TRANSFER } answer_subject;

typedef struct operation {
  const char *name;
  const char *method;
  const char *path;                                         /* under the base URL, with ids in braces */
  operation_parameter parameters[OPERATION_PARAMETERS + 1]; /* in the order of the arguments */
  const char *body;                                         /* JSON, with %s for each date; NULL for none */
  bool writes;
  answer_shape shape;
  answer_subject about;
  const char *answered_status; /* the status that the backfill of the answer must have; NULL for any */
} operation;

typedef struct operation_arguments {
  int64_t ids[OPERATION_IDS];
  char dates[OPERATION_DATES][DATE_TEXT_SIZE];
} operation_arguments;

/* All of them; the row behind the last has no name. */
const operation *operation_rows(void);

/* Raises where there is none of this name. */
const operation *operation_check_name(lua_State *L, int index);

/* How many arguments the operation takes, the optional overrides not counted. */
int operation_argument_count(const operation *asked);

/* Reads the arguments from `first` on; raises where one is not what it must be. */
void operation_check_arguments(lua_State *L, const operation *asked, int first, operation_arguments *arguments);

/* Writes the path with the ids in it, and a NUL. */
void operation_write_path(const operation *asked, const operation_arguments *arguments, char path[OPERATION_TEXT_SIZE]);

/* The body, NULL for none; it is written into `text` where it depends on the arguments. */
const char *operation_body(const operation *asked, const operation_arguments *arguments,
                           char text[OPERATION_TEXT_SIZE]);

/* Pushes how messages name the request: "PATCH /teams/1/backfills/2". Returns it. */
const char *operation_push_request(lua_State *L, const operation *asked, const operation_arguments *arguments);

#pragma GCC visibility pop

#endif
