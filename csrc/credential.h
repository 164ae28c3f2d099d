/* Keeps the bearer token out of everything that a program or a log can see. */
#ifndef SUPERMETRICS_CREDENTIAL_H
#define SUPERMETRICS_CREDENTIAL_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Whether the credential stands somewhere in the text. One that is NULL, or so short that it may be any word, never
 * does. */
bool credential_is_in(const char *text, size_t length, const char *credential);

/* Pushes the text with every occurrence of the credential cut out: a server, or a proxy before it, may echo a request
 * with its Authorization line. A credential of under 8 characters is left alone, since it would be found in innocent
 * words. NULL for no credential. */
void credential_push_removed(lua_State *L, const char *text, size_t length, const char *credential);

/* What is wrong with a credential, as the end of a sentence that does not show it; NULL where nothing is. */
const char *credential_problem(const char *credential, size_t length);

#pragma GCC visibility pop

#endif
