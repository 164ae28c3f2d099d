/* The options of a client and of one call: one row each. */
#ifndef SUPERMETRICS_OPTIONS_H
#define SUPERMETRICS_OPTIONS_H

#include "header_list.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

#define OPTIONS_DEFAULT_TIMEOUT 30.0 /* seconds */

/* Strings live as long as the table of options, or the environment, that they came from. */
typedef struct client_options {
  const char *api_key; /* NULL where every call brings a token */
  const char *base_url;
  double timeout;         /* seconds, one attempt */
  double connect_timeout; /* seconds */
  const char *ca_file;
  const char *ca_path;
  const char *proxy;
  const char *user_agent;
  double max_response_bytes;
  bool allow_insecure_http;
  bool no_api_key; /* api_key = false */
  bool has_headers;
} client_options;

typedef struct call_options {
  double timeout; /* seconds; 0 where the client's holds */
  const char *token;
  bool has_headers;
} call_options;

/* Reads the table at `index` (nil and none are empty), then the environment where the table is silent, then the
 * defaults. Raises for an unknown name and for an impossible value; no message shows a credential. */
void options_check_client(lua_State *L, int index, client_options *options);

/* The same for the overrides of one call to `operation`. */
void options_check_call(lua_State *L, int index, const char *operation, call_options *options);

/* Sets the headers of options.headers, for the checked table at `index`. False when memory ran out. */
bool options_set_headers(lua_State *L, int index, header_list *list);

/* Pushes the list of the names of a client's options. */
void options_push_client_names(lua_State *L);

/* Pushes the list of the names of a call's overrides. */
void options_push_call_names(lua_State *L);

#pragma GCC visibility pop

#endif
