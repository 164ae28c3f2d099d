#include "client.h"

#include "base_url.h"
#include "call.h"
#include "compat.h"
#include "free_request.h"
#include "library.h"
#include "monotonic_clock.h"
#include "options.h"
#include "proxy_url.h"
#include "transport.h"
#include "userdata.h"
#include "version.h"

#include <string.h>

static const char metatable_name[] = "supermetrics.Client";

typedef struct client {
  transport *pool; /* NULL once closed */
  base_url address;
  header_list *common_headers; /* what every request sends, options.headers among it */
  header_list *read_headers;   /* what every request without a body sends */
  header_list *write_headers;  /* what every request with one sends */
  double timeout;              /* seconds */
  size_t ended_count;          /* once closed */
  bool has_api_key;
} client;

/* The table that is tied to a client. */
enum { SLOT_SPARE_CALL = 1 };

static void raise_out_of_memory(lua_State *L) {
  luaL_error(L, "supermetrics: out of memory");
}

/* ---- closing ---- */

/* client:close(): aborts the calls in flight, closes the connections and wipes the credential. Closing twice is fine.
 */
static int client_close(lua_State *L) {
  client *target = userdata_check(L, 1, metatable_name);
  if (target->pool != NULL)
    target->ended_count = transport_ended_count(target->pool) + transport_in_flight(target->pool);
  transport_free(target->pool);
  header_list_release(target->common_headers);
  header_list_release(target->read_headers);
  header_list_release(target->write_headers);
  target->pool = NULL;
  target->common_headers = target->read_headers = target->write_headers = NULL;
  return 0;
}

/* The address goes last: any allocation of Lua's may run a finalizer that closes a client in use, but not this one. */
static int client_collect(lua_State *L) {
  client *target = userdata_check(L, 1, metatable_name);
  client_close(L);
  base_url_free(&target->address);
  return 0;
}

/* ---- making one ---- */

/* Compression is asked for where an answer may be long. That of a write is one backfill, which fits one packet. */
static bool set_accept_encoding(header_list *list, bool has_body) {
  static const char name[] = "Accept-Encoding";
  return has_body || !library_can_gunzip() ? header_list_omit(list, name) : header_list_set(list, name, "gzip");
}

/* Headers of a request with or without a body; NULL when memory ran out. */
static header_list *new_headers(const char *credential, bool has_body, const header_list *common) {
  header_list *list = header_list_new(credential);
  bool is_complete = list != NULL && set_accept_encoding(list, has_body) &&
                     (!has_body || header_list_set(list, "Content-Type", "application/json")) &&
                     header_list_set_all(list, common);
  if (is_complete)
    return list;
  header_list_release(list);
  return NULL;
}

/* No message shows an address that may hold a secret. */
static void check_address(lua_State *L, client *made, const client_options *options) {
  base_url_status status = base_url_parse(options->base_url, &made->address);
  if (status == BASE_URL_OUT_OF_MEMORY)
    raise_out_of_memory(L);
  if (status != BASE_URL_OK && strpbrk(options->base_url, "@?#") != NULL)
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

/* No more than who asks, as RFC 9110 section 10.1.5 has it. */
static void push_user_agent(lua_State *L, const client_options *options) {
  lua_pushfstring(L, "supermetrics-lua/%s%s%s", SUPERMETRICS_VERSION, options->user_agent != NULL ? " " : "",
                  options->user_agent != NULL ? options->user_agent : "");
}

/* User-Agent is a line like the others, since libcurl writes that of its own option letter by letter and anew for every
 * request. */
static void make_headers(lua_State *L, int index, client *made, const client_options *options) {
  push_user_agent(L, options);
  made->common_headers = header_list_new(NULL);
  bool is_complete = made->common_headers != NULL &&
                     header_list_set(made->common_headers, "Accept", "application/json") &&
                     header_list_set(made->common_headers, "User-Agent", lua_tostring(L, -1));
  lua_pop(L, 1);
  if (is_complete && options->has_headers)
    is_complete = options_set_headers(L, index, made->common_headers);
  if (is_complete)
    made->read_headers = new_headers(options->api_key, false, made->common_headers);
  if (made->read_headers != NULL)
    made->write_headers = new_headers(options->api_key, true, made->common_headers);
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
  client *made = lua_newuserdata(L, sizeof *made);
  *made = (client){0};
  compat_set_metatable(L, metatable_name);
  lua_createtable(L, SLOT_SPARE_CALL, 0);
  compat_set_user_table(L, -2);
  made->timeout = options.timeout;
  made->has_api_key = options.api_key != NULL;
  if (options.proxy != NULL && !proxy_url_is_usable(options.proxy))
    luaL_error(L, "supermetrics: option 'proxy' must be a URL with http, https, socks4, socks4a, socks5 or socks5h");
  check_address(L, made, &options);
  make_headers(L, index, made, &options);
  made->pool = transport_new(
      &(transport_settings){
          .ca_file = options.ca_file,
          .ca_path = options.ca_path,
          .proxy = options.proxy,
          .base_url = made->address.text,
          .is_plain_http = made->address.is_plain_http,
          .authority = made->address.authority,
          .connect_timeout = options.connect_timeout,
          .max_response_bytes = (size_t)options.max_response_bytes,
      },
      &problem);
  if (made->pool == NULL && problem != NULL)
    luaL_error(L, "supermetrics: libcurl refuses the options: %s", problem);
  if (made->pool == NULL)
    raise_out_of_memory(L);
}

/* ---- starting a call ---- */

static void raise_closed(lua_State *L) {
  luaL_error(L, "supermetrics: the client is closed");
}

static client *check_open_client(lua_State *L, int index) {
  client *owner = userdata_check(L, index, metatable_name);
  if (owner->pool == NULL)
    raise_closed(L);
  return owner;
}

/* Any allocation of Lua's may run a finalizer, which may close a client that is in use. */
static void check_still_usable(lua_State *L, const client *owner) {
  if (owner->pool == NULL)
    raise_closed(L);
  if (!transport_is_usable(owner->pool))
    luaL_error(L, "supermetrics: the client was used before this process was forked off: make a new one here");
}

/* What a call sends; its strings stand on the stack. */
typedef struct outgoing {
  const operation *asked;
  operation_arguments arguments;
  const char *method;
  const char *path;
  const char *body; /* NULL for none */
  size_t body_length;
  bool writes;
} outgoing;

/* A list for one call that brings a token or headers of its own. */
static void make_call_headers(lua_State *L, const client *owner, call *made, bool has_body, int overrides,
                              const call_options *options) {
  const char *credential = options->token != NULL ? options->token : header_list_credential(owner->read_headers);
  made->headers = new_headers(credential, has_body, owner->common_headers);
  if (made->headers == NULL || (options->has_headers && !options_set_headers(L, overrides, made->headers)))
    raise_out_of_memory(L);
}

/* Pushes a Call that is not in flight: the client's spare one, where it has one. */
static call *push_call(lua_State *L, int client_index) {
  compat_get_user_table(L, client_index);
  lua_rawgeti(L, -1, SLOT_SPARE_CALL);
  call *spare = lua_touserdata(L, -1);
  if (spare == NULL) {
    lua_pop(L, 2);
    return call_push(L, client_index);
  }
  lua_pushnil(L);
  lua_rawseti(L, -3, SLOT_SPARE_CALL);
  lua_remove(L, -2);
  return spare;
}

/* Keeps a Call for the next request. Nobody else may hold it. */
static void keep_call(lua_State *L, int client_index, int call_index) {
  call_forget(lua_touserdata(L, call_index));
  compat_get_user_table(L, client_index);
  lua_pushvalue(L, call_index);
  lua_rawseti(L, -2, SLOT_SPARE_CALL);
  lua_pop(L, 1);
}

/* Pushes the Call of a request that is now in flight. */
static void push_in_flight(lua_State *L, int client_index, const outgoing *request, int overrides,
                           const call_options *options) {
  client *owner = lua_touserdata(L, client_index);
  if (options->token == NULL && !owner->has_api_key)
    luaL_error(L, "%s: the client has no api_key, so each call needs the override 'token'", request->asked->name);
  call *made = push_call(L, client_index);
  made->asked = request->asked;
  made->arguments = request->arguments;
  made->writes = request->writes;
  if (request->asked->path == NULL)
    call_name_request(L, request->method, request->path);
  check_still_usable(L, owner);
  if (options->token != NULL || options->has_headers) {
    make_call_headers(L, owner, made, request->body != NULL, overrides, options);
    check_still_usable(L, owner);
  }
  header_list *usual = request->body != NULL ? owner->write_headers : owner->read_headers;
  made->request = transport_start(owner->pool, &(transport_request){
                                                   .method = request->method,
                                                   .path = request->path,
                                                   .headers = made->headers != NULL ? made->headers : usual,
                                                   .body = request->body,
                                                   .body_length = request->body_length,
                                                   .timeout = options->timeout > 0 ? options->timeout : owner->timeout,
                                                   .writes = request->writes,
                                               });
  if (made->request == NULL)
    raise_out_of_memory(L);
}

void client_push_call(lua_State *L, int client_index, const operation *asked, int first) {
  int overrides = first + operation_argument_count(asked);
  char path[OPERATION_TEXT_SIZE], text[OPERATION_TEXT_SIZE];
  outgoing request = {.asked = asked, .method = asked->method, .path = path, .writes = asked->writes};
  call_options options;
  operation_check_arguments(L, asked, first, &request.arguments);
  options_check_call(L, overrides, asked->name, &options);
  operation_write_path(asked, &request.arguments, path);
  request.body = operation_body(asked, &request.arguments, text);
  request.body_length = request.body != NULL ? strlen(request.body) : 0;
  push_in_flight(L, client_index, &request, overrides, &options);
}

/* client:start(operation, …, overrides): checks, puts the request in flight and returns its Call at once. */
static int client_start(lua_State *L) {
  check_open_client(L, 1);
  client_push_call(L, 1, operation_check_name(L, 2), 3);
  return 1;
}

/* client:start_request(method, path, body, overrides): the same for any path under the base URL. The body is a table,
 * JSON text or nil; the answer's value is the decoded body, or true where there is none. */
static int client_start_request(lua_State *L) {
  static const operation any = {.name = "request", .shape = ANSWER_DOCUMENT};
  check_open_client(L, 1);
  lua_settop(L, 5);
  outgoing request = {.asked = &any};
  call_options options;
  free_request_check(L, 2, &request.method, &request.path, &request.writes);
  options_check_call(L, 5, any.name, &options);
  request.body = free_request_push_body(L, 4, &request.body_length);
  push_in_flight(L, 1, &request, 5, &options);
  return 1;
}

/* ---- driving ---- */

/* Until the call has ended, or so many seconds have passed. */
static void drive(client *owner, const call *asked, double seconds) {
  double ends = monotonic_seconds() + seconds, left = seconds;
  while (!call_has_ended(asked) && left >= 0) {
    transport_poll(owner->pool, left, false);
    left = ends - monotonic_seconds();
  }
}

int client_push_result(lua_State *L, int index, int call_index, double seconds) {
  client *owner = userdata_check(L, index, metatable_name);
  if (owner->pool != NULL)
    drive(owner, lua_touserdata(L, call_index), seconds);
  return call_push_result(L, call_index);
}

static double check_seconds(lua_State *L, int index) {
  lua_Number seconds = luaL_optnumber(L, index, 0);
  if (!(seconds >= 0))
    luaL_error(L, "the seconds to wait must be a number of 0 or more");
  return (double)seconds;
}

/* client:perform(seconds, operation, …, overrides): starts the call and drives it for at most that long, in one step.
 * Returns value, nil, response; else nil, Error or nil, response or nil, the Call, which is still in flight where there
 * is no Error, and the moment when it began. */
static int client_perform(lua_State *L) {
  double seconds = check_seconds(L, 2), began = monotonic_seconds();
  client *owner = check_open_client(L, 1);
  client_push_call(L, 1, operation_check_name(L, 3), 4);
  int call_index = lua_gettop(L);
  call *asked = lua_touserdata(L, call_index);
  drive(owner, asked, seconds);
  bool has_ended = call_has_ended(asked);
  if (has_ended)
    call_push_answer(L, asked, call_index);
  else
    lua_settop(L, call_index + 3);
  if (!lua_isnil(L, call_index + 1)) {
    keep_call(L, 1, call_index);
    return 3;
  }
  if (has_ended)
    call_keep_answer(L, call_index);
  lua_pushvalue(L, call_index);
  lua_pushnumber(L, began);
  return 5;
}

static int drive_for(lua_State *L, bool when_idle) {
  client *owner = userdata_check(L, 1, metatable_name);
  double seconds = check_seconds(L, 2);
  size_t in_flight = owner->pool != NULL ? transport_poll(owner->pool, seconds, when_idle) : 0;
  lua_pushinteger(L, (lua_Integer)in_flight);
  return 1;
}

/* client:poll(seconds): drives every call in flight, waiting at most that long for something to happen; 0, the default,
 * never waits, and neither does a client with nothing in flight. Returns how many calls are still in flight. */
static int client_poll(lua_State *L) {
  return drive_for(L, false);
}

/* client:wait(seconds): the same, but it waits also where nothing is in flight. */
static int client_wait(lua_State *L) {
  return drive_for(L, true);
}

/* client:in_flight(): how many calls are in flight; drives nothing. */
static int client_in_flight(lua_State *L) {
  client *owner = userdata_check(L, 1, metatable_name);
  lua_pushinteger(L, owner->pool != NULL ? (lua_Integer)transport_in_flight(owner->pool) : 0);
  return 1;
}

/* client:next_due(): seconds until something is due, such as the end of a timeout; nothing where nothing is. */
static int client_next_due(lua_State *L) {
  client *owner = userdata_check(L, 1, metatable_name);
  double seconds = owner->pool != NULL ? transport_next_due(owner->pool) : -1;
  if (seconds < 0)
    return 0;
  lua_pushnumber(L, seconds);
  return 1;
}

/* client:ended_count(): how many calls have ended so far; drives nothing. */
static int client_ended_count(lua_State *L) {
  client *owner = userdata_check(L, 1, metatable_name);
  size_t count = owner->pool != NULL ? transport_ended_count(owner->pool) : owner->ended_count;
  lua_pushinteger(L, (lua_Integer)count);
  return 1;
}

static int client_tostring(lua_State *L) {
  client *owner = userdata_check(L, 1, metatable_name);
  lua_pushfstring(L, "supermetrics.Client (%s)", owner->pool != NULL ? owner->address.text : "closed");
  return 1;
}

void client_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"start", client_start},       {"start_request", client_start_request},
      {"perform", client_perform},   {"poll", client_poll},
      {"wait", client_wait},         {"in_flight", client_in_flight},
      {"next_due", client_next_due}, {"ended_count", client_ended_count},
      {"close", client_close},       {NULL, NULL},
  };
  static const luaL_Reg metamethods[] = {
      {"__gc", client_collect},
      {"__close", client_close},
      {"__tostring", client_tostring},
      {NULL, NULL},
  };
  userdata_define(L, metatable_name, methods, metamethods);
}
