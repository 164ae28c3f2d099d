/* An answer while it is being read. */
#ifndef SUPERMETRICS_READING_H
#define SUPERMETRICS_READING_H

#include "answer.h"

#pragma GCC visibility push(hidden)

/* The stack holds value, Error and response, in the places where the caller finds them; then the decoded body, and what
 * grows above. */
typedef struct reading {
  lua_State *L;
  const answer_facts *facts;
  int value;
  int error;
  int response;
  int document; /* the decoded body; nil where it is not JSON. It is settled where it is looked at: see json.h */
  bool marked;
} reading;

/* object[name] pushed, where `object` is a table; else nil. Returns its type. */
int reading_push_member(lua_State *L, int object, const char *name);

/* The same for a field that is a text or a number, settled. */
void reading_push_settled_member(const reading *read, int object, const char *name);

/* Whether the body is an error of the API. */
bool reading_has_envelope(const reading *read);

#pragma GCC visibility pop

#endif
