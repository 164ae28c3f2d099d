#include "call.h"

#include "answer.h"
#include "compat.h"
#include "userdata.h"

static const char metatable_name[] = "supermetrics.Call";

/* The table that is tied to a Call. The client stands in it so that the collector takes it after its calls. */
enum { SLOT_CLIENT = 1, SLOT_REQUEST, SLOT_VALUE, SLOT_ERROR, SLOT_RESPONSE };

call *call_push(lua_State *L, int client) {
  client = compat_absolute_index(L, client);
  call *made = lua_newuserdata(L, sizeof *made);
  *made = (call){0};
  compat_set_metatable(L, metatable_name);
  lua_createtable(L, SLOT_RESPONSE, 0);
  lua_pushvalue(L, client);
  lua_rawseti(L, -2, SLOT_CLIENT);
  compat_set_user_table(L, -2);
  return made;
}

void call_name_request(lua_State *L, const char *method, const char *path) {
  compat_get_user_table(L, -1);
  lua_pushfstring(L, "%s %s", method, path);
  lua_rawseti(L, -2, SLOT_REQUEST);
  lua_pop(L, 1);
}

static call *check_call(lua_State *L) {
  return userdata_check(L, 1, metatable_name);
}

bool call_has_ended(const call *asked) {
  return asked->request == NULL || transfer_peek(asked->request)->end != TRANSFER_IN_FLIGHT;
}

/* What the answer means is read once; then its bytes can go. */
void call_push_answer(lua_State *L, call *asked, int index) {
  compat_get_user_table(L, index);
  lua_rawgeti(L, -1, SLOT_REQUEST);
  const char *request = lua_tostring(L, -1); /* NULL for an operation's; it stays in the table */
  lua_pop(L, 2);
  const answer_facts facts = {
      .asked = asked->asked,
      .arguments = &asked->arguments,
      .request = request,
      .writes = asked->writes,
      .credential = transfer_credential(asked->request),
      .result = transfer_peek(asked->request),
  };
  answer_push(L, &facts);
  transfer_release(asked->request);
  asked->request = NULL;
}

void call_keep_answer(lua_State *L, int index) {
  int value = lua_gettop(L) - 2;
  compat_get_user_table(L, index);
  for (int i = 0; i < 3; i++) {
    lua_pushvalue(L, value + i);
    lua_rawseti(L, -2, SLOT_VALUE + i);
  }
  lua_pop(L, 1);
}

int call_push_result(lua_State *L, int index) {
  call *asked = lua_touserdata(L, index);
  if (!call_has_ended(asked))
    return 0;
  if (asked->request != NULL) {
    call_push_answer(L, asked, index);
    call_keep_answer(L, index);
    return 3;
  }
  compat_get_user_table(L, index);
  for (int i = 0; i < 3; i++)
    lua_rawgeti(L, -1 - i, SLOT_VALUE + i);
  return 3;
}

void call_forget(call *asked) {
  header_list_release(asked->headers);
  *asked = (call){0};
}

/* call:result(): nothing while in flight, then value, nil, response or nil, Error, response; the same at every call. */
static int call_result(lua_State *L) {
  check_call(L);
  return call_push_result(L, 1);
}

/* call:abort(): ends a call in flight with an Error of kind "aborted". An answer that has come stays as it is. */
static int call_abort(lua_State *L) {
  call *asked = check_call(L);
  if (asked->request != NULL)
    transfer_abort(asked->request);
  return 0;
}

/* call:request(): what was asked for, "PATCH /teams/1/backfills/2". */
static int call_request(lua_State *L) {
  call *asked = check_call(L);
  compat_get_user_table(L, 1);
  lua_rawgeti(L, -1, SLOT_REQUEST);
  if (lua_isnil(L, -1))
    operation_push_request(L, asked->asked, &asked->arguments);
  return 1;
}

static int call_collect(lua_State *L) {
  call *asked = check_call(L);
  transfer_release(asked->request);
  header_list_release(asked->headers);
  asked->request = NULL;
  asked->headers = NULL;
  return 0;
}

static int call_tostring(lua_State *L) {
  call *asked = check_call(L);
  lua_pushfstring(L, "supermetrics.Call (%s, %s)", asked->asked->name, call_has_ended(asked) ? "ended" : "in flight");
  return 1;
}

void call_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"result", call_result},
      {"abort", call_abort},
      {"request", call_request},
      {NULL, NULL},
  };
  static const luaL_Reg metamethods[] = {
      {"__gc", call_collect},
      {"__close", call_abort},
      {"__tostring", call_tostring},
      {NULL, NULL},
  };
  userdata_define(L, metatable_name, methods, metamethods);
}
