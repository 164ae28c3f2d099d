#include "client.h"

#include "base_url.h"
#include "call.h"
#include "compat.h"
#include "library.h"
#include "options.h"
#include "transport.h"
#include "version.h"

#include <curl/curlver.h>
#include <string.h>

static const char metatable_name[] = "supermetrics.Client";

typedef struct client {
  transport *pool; /* NULL once closed */
  base_url address;
  header_list *custom_headers; /* options.headers */
  header_list *read_headers;   /* what every request without a body sends */
  header_list *write_headers;  /* what every request with one sends */
  double timeout;              /* seconds */
  bool has_api_key;
} client;

static void raise_out_of_memory(lua_State *L) {
  luaL_error(L, "supermetrics: out of memory");
}

/* ---- closing ---- */

static void release(client *target) {
  transport_free(target->pool);
  base_url_free(&target->address);
  header_list_release(target->custom_headers);
  header_list_release(target->read_headers);
  header_list_release(target->write_headers);
  *target = (client){0};
}

/* client:close(): aborts the calls in flight and closes the connections. Closing twice is fine. */
static int client_close(lua_State *L) {
  release(luaL_checkudata(L, 1, metatable_name));
  return 0;
}

/* ---- making one ---- */

/* Headers of a request with or without a body; NULL when memory ran out. */
static header_list *new_headers(const char *credential, bool has_body, const header_list *custom) {
  header_list *list = header_list_new(credential);
  bool is_complete = list != NULL && header_list_set(list, "Accept", "application/json") &&
                     (!has_body || header_list_set(list, "Content-Type", "application/json")) &&
                     header_list_set_all(list, custom);
  if (is_complete)
    return list;
  header_list_release(list);
  return NULL;
}

/* No message shows an address that may hold a password. */
static void check_address(lua_State *L, client *made, const client_options *options) {
  base_url_status status = base_url_parse(options->base_url, &made->address);
  if (status == BASE_URL_OUT_OF_MEMORY)
    raise_out_of_memory(L);
  if (status != BASE_URL_OK && strchr(options->base_url, '@') != NULL)
    luaL_error(L, "supermetrics: the base_url %s", base_url_problem(status));
  if (status != BASE_URL_OK)
    luaL_error(L, "supermetrics: the base_url %s, got \"%s\"", base_url_problem(status), options->base_url);
  bool in_the_clear = made->address.is_plain_http && (!made->address.is_loopback || options->proxy != NULL);
  if (in_the_clear && !options->allow_insecure_http)
    luaL_error(L,
               "supermetrics: the base_url must begin with https://, since the API key would travel in the clear, "
               "got \"%s\"%s (plain http is for localhost, 127.0.0.0/8 and [::1]; allow_insecure_http lifts this)",
               options->base_url, options->proxy != NULL ? " through a proxy" : "");
}

static void push_user_agent(lua_State *L, const client_options *options) {
  lua_pushfstring(L, "supermetrics-lua/%s libcurl/%s%s%s", SUPERMETRICS_VERSION, LIBCURL_VERSION,
                  options->user_agent != NULL ? " " : "", options->user_agent != NULL ? options->user_agent : "");
}

static void make_headers(lua_State *L, int index, client *made, const client_options *options) {
  made->custom_headers = header_list_new(NULL);
  bool is_complete = made->custom_headers != NULL;
  if (is_complete && options->has_headers)
    is_complete = options_set_headers(L, index, made->custom_headers);
  if (is_complete)
    made->read_headers = new_headers(options->api_key, false, made->custom_headers);
  if (made->read_headers != NULL)
    made->write_headers = new_headers(options->api_key, true, made->custom_headers);
  if (made->write_headers == NULL)
    raise_out_of_memory(L);
}

void client_push(lua_State *L, int index) {
  const char *problem = library_start();
  if (problem != NULL)
    luaL_error(L, "supermetrics: %s", problem);
  index = compat_absolute_index(L, index);
  client_options options;
  options_check_client(L, index, &options);
  push_user_agent(L, &options);
  options.user_agent = lua_tostring(L, -1);
  client *made = lua_newuserdata(L, sizeof *made);
  *made = (client){0};
  compat_set_metatable(L, metatable_name);
  made->timeout = options.timeout;
  made->has_api_key = options.api_key != NULL;
  check_address(L, made, &options);
  make_headers(L, index, made, &options);
  made->pool = transport_new(
      &(transport_settings){
          .ca_file = options.ca_file,
          .ca_path = options.ca_path,
          .proxy = options.proxy,
          .user_agent = options.user_agent,
          .authority = made->address.authority,
          .connect_timeout = options.connect_timeout,
          .max_response_bytes = (size_t)options.max_response_bytes,
      },
      &problem);
  if (made->pool == NULL && problem != NULL)
    luaL_error(L, "supermetrics: libcurl refuses the options: %s", problem);
  if (made->pool == NULL)
    raise_out_of_memory(L);
  lua_remove(L, -2); /* the user agent, which had to live until libcurl copied it */
}

/* ---- starting a call ---- */

static client *check_open_client(lua_State *L, int index) {
  client *owner = luaL_checkudata(L, index, metatable_name);
  if (owner->pool == NULL)
    luaL_error(L, "supermetrics: the client is closed");
  return owner;
}

/* A list for one call that brings a token or headers of its own. */
static void make_call_headers(lua_State *L, const client *owner, call *made, int overrides,
                              const call_options *options) {
  const header_list *usual = owner->read_headers;
  const char *credential = options->token != NULL ? options->token : header_list_credential(usual);
  made->headers = new_headers(credential, made->asked->body != NULL, owner->custom_headers);
  if (made->headers == NULL || (options->has_headers && !options_set_headers(L, overrides, made->headers)))
    raise_out_of_memory(L);
}

void client_push_call(lua_State *L, int client_index, const operation *asked, int first) {
  client *owner = check_open_client(L, client_index);
  int overrides = first + operation_argument_count(asked);
  int64_t ids[OPERATION_PARAMETERS] = {0};
  call_options options;
  operation_check_arguments(L, asked, first, ids);
  options_check_call(L, overrides, asked->name, &options);
  if (options.token == NULL && !owner->has_api_key)
    luaL_error(L, "%s: the client has no api_key, so each call needs the override 'token'", asked->name);

  operation_push_path(L, asked, ids);
  lua_pushfstring(L, "%s%s", owner->address.text, lua_tostring(L, -1));
  call *made = call_push(L, client_index, -2);
  made->asked = asked;
  memcpy(made->ids, ids, sizeof ids);
  if (options.token != NULL || options.has_headers)
    make_call_headers(L, owner, made, overrides, &options);
  header_list *usual = asked->body != NULL ? owner->write_headers : owner->read_headers;
  made->request = transport_start(owner->pool, &(transport_request){
                                                   .method = asked->method,
                                                   .url = lua_tostring(L, -2),
                                                   .headers = made->headers != NULL ? made->headers : usual,
                                                   .body = asked->body,
                                                   .body_length = asked->body != NULL ? strlen(asked->body) : 0,
                                                   .timeout = options.timeout > 0 ? options.timeout : owner->timeout,
                                                   .writes = asked->writes,
                                               });
  if (made->request == NULL)
    raise_out_of_memory(L);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

/* client:start(operation, …, overrides): checks, puts the request in flight and returns its Call at once. */
static int client_start(lua_State *L) {
  check_open_client(L, 1);
  client_push_call(L, 1, operation_check_name(L, 2), 3);
  return 1;
}

/* ---- driving ---- */

void client_drive(lua_State *L, int index, double seconds) {
  client *owner = luaL_checkudata(L, index, metatable_name);
  if (owner->pool != NULL)
    transport_poll(owner->pool, seconds);
}

/* client:poll(seconds): drives every call in flight, waiting at most that long for something to happen; 0, the default,
 * never waits. Returns how many calls are still in flight. */
static int client_poll(lua_State *L) {
  client *owner = luaL_checkudata(L, 1, metatable_name);
  lua_Number seconds = luaL_optnumber(L, 2, 0);
  if (!(seconds >= 0))
    luaL_error(L, "poll: the seconds must be a number of 0 or more");
  size_t in_flight = owner->pool != NULL ? transport_poll(owner->pool, (double)seconds) : 0;
  lua_pushinteger(L, (lua_Integer)in_flight);
  return 1;
}

static int client_tostring(lua_State *L) {
  client *owner = luaL_checkudata(L, 1, metatable_name);
  lua_pushfstring(L, "supermetrics.Client (%s)", owner->pool != NULL ? owner->address.text : "closed");
  return 1;
}

void client_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"start", client_start},
      {"poll", client_poll},
      {"close", client_close},
      {NULL, NULL},
  };
  if (luaL_newmetatable(L, metatable_name) != 0) {
    compat_new_library(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, client_close);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, client_close);
    lua_setfield(L, -2, "__close");
    lua_pushcfunction(L, client_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "supermetrics.Client");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
}
