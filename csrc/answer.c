#include "answer.h"

#include "answer_error.h"
#include "backfill.h"
#include "compat.h"
#include "credential.h"
#include "integer.h"
#include "json.h"
#include "reading.h"
#include "response.h"

/* ---- success, checked ---- */

static void push_wrong_id(const reading *read, const char *noun, int64_t answered, int64_t asked) {
  char answered_digits[INTEGER_TEXT_SIZE], asked_digits[INTEGER_TEXT_SIZE];
  integer_write(answered, answered_digits);
  integer_write(asked, asked_digits);
  answer_push_invalid(
      read, lua_pushfstring(read->L, "the answer is about %s %s, not %s", noun, answered_digits, asked_digits));
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
  answer_push_wrong_status(read, lua_gettop(read->L));
  return true;
}

/* The body has no `data` of the right type. */
static void push_no_data(const reading *read, const char *noun) {
  lua_State *L = read->L;
  if (reading_has_envelope(read))
    answer_push_invalid(read, "the answer is an error under a status of success");
  else
    answer_push_invalid(read, lua_pushfstring(L, "the body has no %s \"data\" in it", noun));
}

/* The readers below push the value, or an Error and return false. What else they push on the way does not matter. */

static bool push_backfill(const reading *read) {
  lua_State *L = read->L;
  char problem[BACKFILL_PROBLEM_SIZE];
  if (reading_push_member(L, read->document, "data") != LUA_TTABLE) {
    push_no_data(read, "object");
    return false;
  }
  if (!backfill_from_table(L, read->marked, problem)) {
    answer_push_invalid(read, lua_pushfstring(L, "in the body's data, %s", problem));
    return false;
  }
  return !push_mismatch(read);
}

static bool push_backfill_list(const reading *read) {
  lua_State *L = read->L;
  char problem[BACKFILL_PROBLEM_SIZE];
  if (reading_push_member(L, read->document, "data") != LUA_TTABLE || !json_is_list(L)) {
    push_no_data(read, "list");
    return false;
  }
  int count = (int)compat_raw_length(L, -1);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, -1, i);
    if (!lua_istable(L, -1)) {
      answer_push_invalid(read, lua_pushfstring(L, "entry %d of the body's data is not an object", i));
      return false;
    }
    if (!backfill_from_table(L, read->marked, problem)) {
      answer_push_invalid(read, lua_pushfstring(L, "in entry %d of the body's data, %s", i, problem));
      return false;
    }
    lua_pop(L, 1);
  }
  return true;
}

static bool push_whole_document(const reading *read) {
  lua_State *L = read->L;
  if (reading_has_envelope(read)) {
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

/* Puts the value or an Error into its place. */
static void take_value(const reading *read) {
  static bool (*const readers[])(const reading *) = {
      [ANSWER_BACKFILL] = push_backfill,
      [ANSWER_BACKFILL_LIST] = push_backfill_list,
      [ANSWER_DOCUMENT] = push_whole_document,
  };
  bool is_value = readers[read->facts->asked->shape](read);
  lua_replace(read->L, is_value ? read->value : read->error);
}

/* ---- the whole ---- */

static bool has_header(const reading *read, const char *name) {
  lua_pushvalue(read->L, read->response);
  bool is_there = response_push_header(read->L, name) != NULL;
  lua_pop(read->L, 2);
  return is_there;
}

/* Whether an empty body is all that was sent. */
static bool is_empty_on_purpose(const reading *read) {
  const transfer_result *result = read->facts->result;
  return !result->may_look_whole || result->status == 204 || has_header(read, "content-length") ||
         has_header(read, "transfer-encoding");
}

/* Pushes what is wrong with the body or nil, and returns it; then the decoded body or nil. A document may be absent,
 * and is then true. */
static const char *push_document(reading *read) {
  lua_State *L = read->L;
  const buffer *body = &read->facts->result->body;
  bool may_be_empty = read->facts->asked->shape == ANSWER_DOCUMENT;
  lua_pushnil(L);
  if (body->length > 0 && json_decode(L, body->bytes, body->length, &read->marked))
    return NULL;
  if (body->length == 0 && may_be_empty && is_empty_on_purpose(read)) {
    lua_pushboolean(L, 1);
    return NULL;
  }
  const char *problem = "the answer has no body";
  if (body->length > 0) {
    const char *detail = lua_tostring(L, -1);
    problem = lua_pushfstring(L, "the body is not JSON: %s", detail != NULL ? detail : "unreadable");
    lua_replace(L, -3);
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  return problem;
}

/* response.request_id, from the body's meta, else from the header. */
static void settle_request_id(const reading *read) {
  lua_State *L = read->L;
  reading_push_member(L, read->document, "meta");
  reading_push_settled_member(read, -1, "request_id");
  if (!lua_isstring(L, -1)) {
    lua_pushvalue(L, read->response);
    response_push_header(L, "x-request-id");
    lua_remove(L, -2);
  }
  if (lua_isstring(L, -1)) {
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    if (credential_is_in(text, length, read->facts->credential))
      credential_push_removed(L, text, length, read->facts->credential);
    lua_setfield(L, read->response, "request_id");
  }
  lua_settop(L, read->document);
}

static bool is_success(long status) {
  return status >= 200 && status <= 299;
}

void answer_push(lua_State *L, const answer_facts *facts) {
  luaL_checkstack(L, 24, "no room for an answer");
  int base = lua_gettop(L);
  reading read = {
      .L = L, .facts = facts, .value = base + 1, .error = base + 2, .response = base + 3, .document = base + 5};
  const transfer_result *result = facts->result;
  bool is_answered = result->end == TRANSFER_ANSWERED;
  lua_pushnil(L);
  lua_pushnil(L);
  response_push(L, result, facts->credential);
  const char *problem = is_answered ? push_document(&read) : NULL;
  lua_settop(L, read.document);
  settle_request_id(&read);
  if (is_answered && is_success(result->status) && problem == NULL) {
    take_value(&read);
  } else {
    if (!is_answered)
      answer_push_unanswered(&read);
    else if (is_success(result->status))
      answer_push_invalid(&read, problem);
    else
      answer_push_refused(&read);
    lua_replace(L, read.error);
  }
  lua_settop(L, read.response);
}
