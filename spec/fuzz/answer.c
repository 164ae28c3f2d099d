/* Status, headers and body of an answer, through the real decoding path, to Backfill, list, document or Error.
 *
 * Input: operation, status (2 bytes), how it ended, flags, length of the headers (2 bytes), headers, body. */
#define _GNU_SOURCE /* memmem */
#include "../../csrc/answer.h"
#include "state.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char credential[] = "credential_of_the_fuzzer";

enum { TEAM_ID = 12345, SUBJECT_ID = 67890, FIRST_STATUS = 100, STATUSES = 500 };

static const operation any_request = {.name = "request", .shape = ANSWER_DOCUMENT};

static const operation *operation_of(unsigned byte) {
  const operation *rows = operation_rows();
  size_t count = 0;
  while (rows[count].name != NULL)
    count++;
  size_t index = byte % (count + 1);
  return index == count ? &any_request : &rows[index];
}

/* The lines as the transport keeps them: none is empty, each ends with a newline. */
static void take_headers(input *from, buffer *headers) {
  size_t announced = take_byte(from) << 8, length;
  announced |= take_byte(from);
  char *text = take_text(from, announced, &length);
  size_t begins = 0;
  while (begins < length) {
    const char *newline = memchr(text + begins, '\n', length - begins);
    size_t ends = newline != NULL ? (size_t)(newline - text) : length;
    if (ends > begins) {
      MUST(buffer_append(headers, text + begins, ends - begins, SIZE_MAX / 2) == BUFFER_OK);
      MUST(buffer_append(headers, "\n", 1, SIZE_MAX / 2) == BUFFER_OK);
    }
    begins = ends + 1;
  }
  free(text);
}

static int contains(const char *text, size_t length, const char *wanted) {
  return memmem(text, length, wanted, strlen(wanted)) != NULL;
}

/* No string in the table at `index` holds the credential. */
static void check_no_credential(lua_State *L, int index) {
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    size_t length = 0;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &length) : "";
    MUST(!contains(text, length, credential));
    lua_pop(L, 1);
  }
}

static const char *text_field(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  lua_pop(L, 1); /* the table keeps it */
  return text;
}

static void check_error(lua_State *L, int index, const answer_facts *facts) {
  const char *kind = text_field(L, index, "kind"), *outcome = text_field(L, index, "outcome");
  MUST(kind != NULL && outcome != NULL);
  MUST(strcmp(outcome, "unknown") == 0 || strcmp(outcome, "not_applied") == 0);
  if (!facts->writes || facts->result->sends == 0)
    MUST(strcmp(outcome, "not_applied") == 0);
  check_no_credential(L, index);
  size_t length;
  const char *sentence = luaL_tolstring(L, index, &length);
  MUST(length > 0 && !contains(sentence, length, credential));
  MUST(memchr(sentence, '\n', length) == NULL);
  lua_pop(L, 1);
}

static void check_backfill(lua_State *L, int index, const answer_facts *facts) {
  if (facts->asked->about == ABOUT_BACKFILL) {
    lua_getfield(L, index, "transfer_backfill_id");
    MUST(lua_isinteger(L, -1) && lua_tointeger(L, -1) == SUBJECT_ID);
    lua_pop(L, 1);
  }
  if (facts->asked->answered_status != NULL)
    MUST(strcmp(text_field(L, index, "status"), facts->asked->answered_status) == 0);
  luaL_tolstring(L, index, NULL);
  lua_pop(L, 1);
}

static int read_answer(lua_State *L) {
  const answer_facts *facts = lua_touserdata(L, 1);
  lua_settop(L, 0);
  answer_push(L, facts);
  MUST(lua_gettop(L) == 3 && lua_istable(L, 3));
  MUST(lua_isnil(L, 1) != lua_isnil(L, 2));
  long status = facts->result->status;
  if (lua_isnil(L, 1)) {
    check_error(L, 2, facts);
  } else {
    MUST(facts->result->end == TRANSFER_ANSWERED && status >= 200 && status <= 299);
    if (facts->asked->shape == ANSWER_BACKFILL)
      check_backfill(L, 1, facts);
  }
  lua_getfield(L, 3, "headers");
  MUST(lua_istable(L, -1));
  check_no_credential(L, 4);
  lua_pop(L, 1);
  check_no_credential(L, 3);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  lua_State *L = fuzz_state();
  input from = {bytes, length};
  operation_arguments arguments = {.ids = {TEAM_ID, SUBJECT_ID}, .dates = {"2024-01-01", "2024-01-31"}};
  transfer_result result = {0};
  answer_facts facts = {.arguments = &arguments, .credential = credential, .result = &result};
  facts.asked = operation_of(take_byte(&from));
  result.status = take_byte(&from) << 8;
  result.status = FIRST_STATUS + (result.status | (long)take_byte(&from)) % STATUSES;
  result.end = TRANSFER_ANSWERED + take_byte(&from) % (TRANSFER_OUT_OF_MEMORY - TRANSFER_ANSWERED + 1);
  unsigned flags = take_byte(&from);
  result.is_connection_reused = flags & 1;
  result.sends = flags & 2 ? 0 : 1;
  facts.writes = facts.asked == &any_request ? (flags & 4) != 0 : facts.asked->writes;
  facts.request = facts.asked == &any_request ? "GET /teams/12345" : NULL;
  if (result.end != TRANSFER_ANSWERED)
    strcpy(result.reason, "the reason");
  take_headers(&from, &result.headers);
  if (from.length > 0)
    MUST(buffer_append(&result.body, (const char *)from.bytes, from.length, SIZE_MAX / 2) == BUFFER_OK);

  lua_pushcfunction(L, read_answer);
  lua_pushlightuserdata(L, &facts);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    fprintf(stderr, "raised: %s\n", lua_tostring(L, -1));
    abort();
  }
  buffer_free(&result.headers);
  buffer_free(&result.body);
  return 0;
}
