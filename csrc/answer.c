#include "answer.h"

#include "backfill.h"
#include "compat.h"
#include "credential.h"
#include "error.h"
#include "http_date.h"
#include "integer.h"
#include "json.h"
#include "response.h"

#include <string.h>

enum { BODY_EXCERPT_BYTES = 1000 };

/* While an answer is read, the stack holds from `base` on: the response, the decoded body, and what grows above. */
typedef struct reading {
  lua_State *L;
  const answer_facts *facts;
  int response;
  int document; /* the decoded body; nil where it is not JSON. It is settled where it is looked at: see json.h */
  bool marked;
} reading;

static bool is_success(long status) {
  return status >= 200 && status <= 299;
}

/* Whether the service has certainly not acted on the request.
 *
 * 408 and 499 come from servers and gateways that gave up waiting, perhaps for a request that they had passed on. And
 * what looks like the answer on a kept-alive connection may have been sent before the request was, such as the 408 of a
 * server that closes idle connections, which libcurl takes for the answer: there only the API's own words count. */
static bool is_refusal(const transfer_result *result, bool has_envelope) {
  bool is_client_error = result->status >= 400 && result->status <= 499;
  return is_client_error && result->status != 408 && result->status != 499 &&
         (has_envelope || !result->is_connection_reused);
}

/* A write may have taken effect once it left, unless the service refused it; a read has no effect to be unsure about.
 */
static bool is_outcome_unknown(const answer_facts *facts, bool has_envelope) {
  return facts->writes && facts->result->sends > 0 && !is_refusal(facts->result, has_envelope);
}

/* object[name] pushed, where `object` is a table; else nil. Returns its type. */
static int push_member(lua_State *L, int object, const char *name) {
  if (lua_istable(L, object))
    lua_getfield(L, object, name);
  else
    lua_pushnil(L);
  return lua_type(L, -1);
}

/* The same for a field that is a text or a number, settled. */
static void push_settled_member(const reading *read, int object, const char *name) {
  push_member(read->L, object, name);
  if (json_push_settled(read->L, -1, read->marked))
    lua_remove(read->L, -2);
}

/* ---- the pieces of an Error ---- */

static bool has_envelope(const reading *read) {
  bool is_there = push_member(read->L, read->document, "error") == LUA_TTABLE;
  lua_pop(read->L, 1);
  return is_there;
}

static void push_error(const reading *read, error_kind kind, const char *reason) {
  const answer_facts *facts = read->facts;
  lua_State *L = read->L;
  if (facts->request != NULL)
    lua_pushstring(L, facts->request);
  else
    operation_push_request(L, facts->asked, facts->arguments);
  error_push(read->L, &(error_facts){
                          .kind = kind,
                          .operation = facts->asked->name,
                          .request = lua_tostring(L, -1),
                          .reason = reason,
                          .credential = facts->credential,
                          .status = facts->result->status,
                          .elapsed = facts->result->elapsed,
                          .is_unknown = is_outcome_unknown(facts, has_envelope(read)),
                      });
  lua_remove(L, -2);
}

/* error[name] = envelope.error[name]; whether there was one. */
static bool take_server_text(const reading *read, int envelope_error, const char *name) {
  lua_State *L = read->L;
  push_settled_member(read, envelope_error, name);
  size_t length = 0;
  int error = lua_gettop(L) - 1;
  const char *text = lua_tolstring(L, -1, &length);
  if (length > 0) {
    lua_pushvalue(L, error);
    error_set_text(L, name, text, length, read->facts->credential);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return length > 0;
}

/* The server's own words, into the Error on top. Whether there were any. */
static bool take_envelope(const reading *read) {
  static const char *const names[] = {"code", "message", "description"};
  lua_State *L = read->L;
  push_member(L, read->document, "error");
  lua_insert(L, -2);
  int envelope_error = lua_gettop(L) - 1;
  bool found = false;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    found = take_server_text(read, envelope_error, names[i]) || found;
  lua_remove(L, envelope_error);
  return found;
}

/* error.body, for what could not be understood. */
static void take_body_excerpt(const reading *read) {
  const buffer *body = &read->facts->result->body;
  if (body->length == 0)
    return;
  credential_push_removed(read->L, body->bytes, body->length, read->facts->credential);
  size_t length;
  const char *text = lua_tolstring(read->L, -1, &length);
  lua_pushlstring(read->L, text, length < BODY_EXCERPT_BYTES ? length : BODY_EXCERPT_BYTES);
  lua_setfield(read->L, -3, "body");
  lua_pop(read->L, 1);
}

static void take_retry_after(const reading *read) {
  lua_State *L = read->L;
  lua_pushvalue(L, read->response);
  const char *value = response_push_header(L, "retry-after");
  lua_insert(L, -2);
  const char *date = response_push_header(L, "date");
  double seconds = value != NULL ? retry_after_seconds(value, date) : -1;
  lua_pop(L, 3);
  if (seconds >= 0) {
    lua_pushnumber(L, seconds);
    if (compat_push_whole_float(L, -1))
      lua_remove(L, -2);
    lua_setfield(L, -2, "retry_after");
  }
}

/* error.request_id, from the response, which has it from the body's meta or from the header. */
static void take_request_id(const reading *read) {
  lua_getfield(read->L, read->response, "request_id");
  lua_setfield(read->L, -2, "request_id");
}

/* ---- the Errors ---- */

static void push_unanswered(const reading *read) {
  const transfer_result *result = read->facts->result;
  push_error(read, error_kind_of_end(result->end), result->reason);
  take_request_id(read);
  take_retry_after(read);
  if (result->end == TRANSFER_MALFORMED)
    take_body_excerpt(read);
}

static void push_refused(const reading *read) {
  lua_State *L = read->L;
  push_error(read, error_kind_of_status(read->facts->result->status), NULL);
  take_request_id(read);
  take_retry_after(read);
  if (take_envelope(read))
    return;
  take_body_excerpt(read);
  const transfer_result *result = read->facts->result;
  bool is_redirect = result->status >= 300 && result->status <= 399;
  lua_pushvalue(L, read->response);
  const char *header = response_push_header(L, is_redirect ? "location" : "content-type");
  if (is_redirect && header != NULL)
    lua_pushfstring(L, "redirects are not followed (this one leads to %s)", header);
  else if (result->body.length == 0)
    lua_pushliteral(L, "the answer has no body");
  else
    lua_pushfstring(L, "the body is not an error of the API (%s)", header != NULL ? header : "no content type");
  lua_setfield(L, -4, "reason");
  lua_pop(L, 2);
}

static void push_invalid(const reading *read, const char *reason) {
  push_error(read, ERROR_INVALID_RESPONSE, reason);
  take_request_id(read);
  if (!take_envelope(read))
    take_body_excerpt(read);
}

/* A write was answered with a Backfill that it did not bring into the state that was asked for: it goes along. */
static void push_wrong_status(const reading *read, int backfill) {
  lua_State *L = read->L;
  lua_getfield(L, backfill, "status");
  push_error(read, ERROR_INVALID_RESPONSE,
             lua_pushfstring(L, "the backfill of the answer is %s, not %s", lua_tostring(L, -1),
                             read->facts->asked->answered_status));
  take_request_id(read);
  lua_pushvalue(L, backfill);
  lua_setfield(L, -2, "backfill");
}

/* ---- success, checked ---- */

static void push_wrong_id(const reading *read, const char *noun, int64_t answered, int64_t asked) {
  char answered_digits[INTEGER_TEXT_SIZE], asked_digits[INTEGER_TEXT_SIZE];
  integer_write(answered, answered_digits);
  integer_write(asked, asked_digits);
  push_invalid(read,
               lua_pushfstring(read->L, "the answer is about %s %s, not %s", noun, answered_digits, asked_digits));
}

/* Pushes an Error and returns true where the Backfill on top is not about what was asked for. A field that decides is
 * there; of another one only a value that contradicts counts. */
static bool push_wrong_subject(const reading *read) {
  static const struct {
    const char *noun;
    const char *field;
  } subjects[] = {
      [ABOUT_BACKFILL] = {"backfill", "transfer_backfill_id"},
      [ABOUT_TRANSFER] = {"transfer", "transfer_id"},
  };
  answer_subject about = read->facts->asked->about;
  int64_t answered, asked = read->facts->arguments->ids[1];
  if (about == ABOUT_ANYTHING || !backfill_integer(read->L, subjects[about].field, &answered) || answered == asked)
    return false;
  push_wrong_id(read, subjects[about].noun, answered, asked);
  return true;
}

/* The same where its status is not the one that was asked for. */
static bool push_mismatch(const reading *read) {
  const char *status = read->facts->asked->answered_status;
  if (push_wrong_subject(read))
    return true;
  if (status == NULL || backfill_has_status(read->L, status))
    return false;
  push_wrong_status(read, lua_gettop(read->L));
  return true;
}

/* The body has no `data` of the right type. */
static void push_no_data(const reading *read, const char *noun) {
  lua_State *L = read->L;
  if (has_envelope(read))
    push_invalid(read, "the answer is an error under a status of success");
  else
    push_invalid(read, lua_pushfstring(L, "the body has no %s \"data\" in it", noun));
}

/* The readers below push the value, or an Error and return false. What else they push on the way does not matter. */

static bool push_backfill(const reading *read) {
  lua_State *L = read->L;
  char problem[BACKFILL_PROBLEM_SIZE];
  if (push_member(L, read->document, "data") != LUA_TTABLE) {
    push_no_data(read, "object");
    return false;
  }
  if (!backfill_from_table(L, read->marked, problem)) {
    push_invalid(read, lua_pushfstring(L, "in the body's data, %s", problem));
    return false;
  }
  return !push_mismatch(read);
}

static bool push_backfill_list(const reading *read) {
  lua_State *L = read->L;
  char problem[BACKFILL_PROBLEM_SIZE];
  if (push_member(L, read->document, "data") != LUA_TTABLE || !json_is_list(L)) {
    push_no_data(read, "list");
    return false;
  }
  int count = (int)compat_raw_length(L, -1);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, -1, i);
    if (!lua_istable(L, -1)) {
      push_invalid(read, lua_pushfstring(L, "entry %d of the body's data is not an object", i));
      return false;
    }
    if (!backfill_from_table(L, read->marked, problem)) {
      push_invalid(read, lua_pushfstring(L, "in entry %d of the body's data, %s", i, problem));
      return false;
    }
    lua_pop(L, 1);
  }
  return true;
}

static bool push_whole_document(const reading *read) {
  lua_State *L = read->L;
  if (has_envelope(read)) {
    push_no_data(read, "");
    return false;
  }
  lua_pushvalue(L, read->document);
  if (lua_istable(L, -1))
    json_settle(L, read->marked);
  else if (!lua_islightuserdata(L, -1))
    json_push_settled(L, -1, read->marked);
  return true;
}

/* Pushes the value and nil, or nil and an Error, and nothing else. */
static void push_value(const reading *read) {
  static bool (*const readers[])(const reading *) = {
      [ANSWER_BACKFILL] = push_backfill,
      [ANSWER_BACKFILL_LIST] = push_backfill_list,
      [ANSWER_DOCUMENT] = push_whole_document,
  };
  lua_State *L = read->L;
  int first = lua_gettop(L) + 1;
  bool is_value = readers[read->facts->asked->shape](read);
  lua_pushnil(L);
  if (!is_value)
    lua_insert(L, -2);
  while (lua_gettop(L) > first + 1)
    lua_remove(L, first);
}

/* ---- the whole ---- */

static bool has_header(const reading *read, const char *name) {
  lua_pushvalue(read->L, read->response);
  bool is_there = response_push_header(read->L, name) != NULL;
  lua_pop(read->L, 2);
  return is_there;
}

/* Whether an empty body is all that was sent. Where an answer of HTTP/1 names no length, the end of the connection is
 * its end, and one that was cut behind its headers looks whole. */
static bool is_empty_on_purpose(const reading *read) {
  const transfer_result *result = read->facts->result;
  return !result->is_http_1 || result->status == 204 || has_header(read, "content-length") ||
         has_header(read, "transfer-encoding");
}

/* Pushes what is wrong with the body or nil, then the decoded body or nil. A document may be absent, and is then true.
 */
static void push_document(reading *read, const char **problem) {
  lua_State *L = read->L;
  const transfer_result *result = read->facts->result;
  const buffer *body = &result->body;
  bool may_be_empty = read->facts->asked->shape == ANSWER_DOCUMENT;
  *problem = NULL;
  if (body->length == 0 && may_be_empty && is_empty_on_purpose(read)) {
    lua_pushnil(L);
    lua_pushboolean(L, 1);
  } else if (body->length == 0) {
    *problem = "the answer has no body";
    lua_pushnil(L);
    lua_pushnil(L);
  } else if (!json_decode(L, body->bytes, body->length, &read->marked)) {
    const char *detail = lua_tostring(L, -1);
    *problem = lua_pushfstring(L, "the body is not JSON: %s", detail != NULL ? detail : "unreadable");
    lua_replace(L, -2);
    lua_pushnil(L);
  } else {
    lua_pushnil(L);
    lua_insert(L, -2);
  }
}

/* response.request_id, from the body's meta, else from the header. */
static void settle_request_id(const reading *read) {
  lua_State *L = read->L;
  push_member(L, read->document, "meta");
  push_settled_member(read, -1, "request_id");
  if (!lua_isstring(L, -1)) {
    lua_pushvalue(L, read->response);
    response_push_header(L, "x-request-id");
    lua_remove(L, -2);
  }
  if (lua_isstring(L, -1)) {
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    credential_push_removed(L, text, length, read->facts->credential);
    lua_setfield(L, read->response, "request_id");
  }
  lua_settop(L, read->document);
}

void answer_push(lua_State *L, const answer_facts *facts) {
  luaL_checkstack(L, 24, "no room for an answer");
  const transfer_result *result = facts->result;
  const char *problem = NULL;
  int base = lua_gettop(L);
  reading read = {.L = L, .facts = facts, .response = base + 1, .document = base + 3};
  response_push(L, result, facts->credential);
  if (result->end == TRANSFER_ANSWERED) {
    push_document(&read, &problem);
  } else {
    lua_pushnil(L);
    lua_pushnil(L);
  }
  settle_request_id(&read);
  if (result->end == TRANSFER_ANSWERED && is_success(result->status) && problem == NULL) {
    push_value(&read);
  } else {
    lua_pushnil(L);
    if (result->end != TRANSFER_ANSWERED)
      push_unanswered(&read);
    else if (is_success(result->status))
      push_invalid(&read, problem);
    else
      push_refused(&read);
  }
  lua_pushvalue(L, read.response); /* response, problem, document, value, error, response */
  for (int i = 0; i < 3; i++)
    lua_remove(L, base + 1);
}
