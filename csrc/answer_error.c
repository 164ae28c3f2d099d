#include "answer_error.h"

#include "compat.h"
#include "credential.h"
#include "error.h"
#include "http_date.h"
#include "response.h"

enum { BODY_EXCERPT_BYTES = 1000 };

/* ---- the outcome ---- */

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

/* ---- the pieces of an Error ---- */

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
                          .is_unknown = is_outcome_unknown(facts, reading_has_envelope(read)),
                      });
  lua_remove(L, -2);
}

/* error[name] = envelope.error[name]; whether there was one. */
static bool take_server_text(const reading *read, int envelope_error, const char *name) {
  lua_State *L = read->L;
  reading_push_settled_member(read, envelope_error, name);
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
  reading_push_member(L, read->document, "error");
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

void answer_push_unanswered(const reading *read) {
  const transfer_result *result = read->facts->result;
  push_error(read, error_kind_of_end(result->end), result->reason);
  take_request_id(read);
  take_retry_after(read);
  if (result->end == TRANSFER_MALFORMED)
    take_body_excerpt(read);
}

void answer_push_refused(const reading *read) {
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

void answer_push_invalid(const reading *read, const char *reason) {
  push_error(read, ERROR_INVALID_RESPONSE, reason);
  take_request_id(read);
  if (!take_envelope(read))
    take_body_excerpt(read);
}

void answer_push_wrong_status(const reading *read, int backfill) {
  lua_State *L = read->L;
  lua_getfield(L, backfill, "status");
  push_error(read, ERROR_INVALID_RESPONSE,
             lua_pushfstring(L, "the backfill of the answer is %s, not %s", lua_tostring(L, -1),
                             read->facts->asked->answered_status));
  take_request_id(read);
  lua_pushvalue(L, backfill);
  lua_setfield(L, -2, "backfill");
}
