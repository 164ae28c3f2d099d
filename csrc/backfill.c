#include "backfill.h"

#include "compat.h"
#include "integer.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

static const char metatable_name[] = "supermetrics.Backfill";

typedef enum field_type { FIELD_INTEGER, FIELD_TEXT, FIELD_LIST } field_type;

/* The fields that need a look. Those that decide must be there and right; about the rest the library is generous, since
 * production has been seen to leave out and to reshape fields that are described as required. */
static const struct field {
  const char *name;
  field_type type;
  bool decides;
} fields[] = {
    {"transfer_backfill_id", FIELD_INTEGER, true},   {"status", FIELD_TEXT, true},
    {"transfer_id", FIELD_INTEGER, false},           {"created_user_id", FIELD_INTEGER, false},
    {"removed_user_id", FIELD_INTEGER, false},       {"transfer_runs_total", FIELD_INTEGER, false},
    {"transfer_runs_created", FIELD_INTEGER, false}, {"transfer_runs_completed", FIELD_INTEGER, false},
    {"transfer_runs_failed", FIELD_INTEGER, false},  {"error_report", FIELD_LIST, false},
};

void backfill_open(lua_State *L) {
  if (compat_new_metatable(L, metatable_name)) {
    lua_pushliteral(L, "supermetrics.Backfill");
    lua_setfield(L, -2, "__name");
  }
}

/* The value on top as an exact integer. */
static bool integer_of(lua_State *L, int64_t *value) {
  size_t length;
  const char *text;
  switch (lua_type(L, -1)) {
  case LUA_TNUMBER:
    return compat_exact_integer(L, -1, value);
  case LUA_TSTRING:
    text = lua_tolstring(L, -1, &length);
    return integer_parse(text, length, value);
  default:
    return false;
  }
}

static bool is_integer_field(const char *name, size_t length) {
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (fields[i].type == FIELD_INTEGER && strlen(fields[i].name) == length &&
        memcmp(fields[i].name, name, length) == 0)
      return true;
  return false;
}

/* Pushes the integer that the text at `index` spells, where the field of this key is one; else false, nothing pushed.
 */
static bool push_spelt_integer(lua_State *L, int key, int index) {
  int64_t value;
  size_t length, name_length;
  const char *text = lua_tolstring(L, index, &length);
  if (!integer_parse(text, length, &value) || lua_type(L, key) != LUA_TSTRING)
    return false;
  const char *name = lua_tolstring(L, key, &name_length);
  if (!is_integer_field(name, name_length))
    return false;
  compat_push_integer(L, value, text, length);
  return true;
}

/* Settles every field of the object on top, as json_settle does, and the integers that are spelt as texts. */
static void settle_fields(lua_State *L, bool marked) {
  int object = lua_gettop(L), key = object + 1, value = object + 2;
  lua_pushnil(L);
  while (lua_next(L, object) != 0) {
    int type = lua_type(L, value);
    if (type == LUA_TTABLE) {
      json_settle(L, marked);
    } else if (json_push_settled(L, value, marked) || (type == LUA_TSTRING && push_spelt_integer(L, key, value))) {
      lua_pushvalue(L, key);
      lua_insert(L, -2);
      lua_rawset(L, object);
    }
    lua_settop(L, key);
  }
}

/* Whether the list on top holds a null, which stands in it as a light userdata. */
static bool holds_null(lua_State *L) {
  int count = (int)compat_raw_length(L, -1);
  bool found = false;
  for (int i = 1; i <= count && !found; i++) {
    lua_rawgeti(L, -1, i);
    found = lua_islightuserdata(L, -1);
    lua_pop(L, 1);
  }
  return found;
}

/* Makes the field of the object on top a list: what is none becomes the only entry of one, and a null entry is none. */
static void settle_list(lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  bool whole = json_is_list(L);
  if (whole && !holds_null(L)) {
    lua_pop(L, 1);
    return;
  }
  int count = whole ? (int)compat_raw_length(L, -1) : lua_isnil(L, -1) ? 0 : 1;
  int kept = 0;
  lua_createtable(L, count, 0);
  for (int i = 1; i <= count; i++) {
    if (whole)
      lua_rawgeti(L, -2, i);
    else
      lua_pushvalue(L, -2);
    if (lua_islightuserdata(L, -1))
      lua_pop(L, 1);
    else
      lua_rawseti(L, -2, ++kept);
  }
  lua_remove(L, -2);
  lua_setfield(L, -2, name);
}

/* Adds to the list of what is wrong with a Backfill. */
static void note_problem(char problem[BACKFILL_PROBLEM_SIZE], const char *name, const char *trouble, const char *noun) {
  size_t used = strlen(problem);
  snprintf(problem + used, BACKFILL_PROBLEM_SIZE - used, "%s%s %s%s", used > 0 ? ", " : "", name, trouble, noun);
}

/* What is wrong with a field that decides, of the object on top. */
static void check_field(lua_State *L, const struct field *field, char problem[BACKFILL_PROBLEM_SIZE]) {
  int64_t value;
  lua_getfield(L, -1, field->name);
  bool is_text = lua_type(L, -1) == LUA_TSTRING && compat_raw_length(L, -1) > 0;
  if (lua_isnil(L, -1))
    note_problem(problem, field->name, "is missing", "");
  else if (field->type == FIELD_INTEGER && !integer_of(L, &value))
    note_problem(problem, field->name, "is not ", "an integer");
  else if (field->type == FIELD_TEXT && !is_text)
    note_problem(problem, field->name, "is not ", "a string");
  lua_pop(L, 1);
}

bool backfill_from_table(lua_State *L, bool marked, char problem[BACKFILL_PROBLEM_SIZE]) {
  problem[0] = '\0';
  luaL_checkstack(L, 8, "no room for a backfill");
  settle_fields(L, marked);
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    if (fields[i].decides)
      check_field(L, &fields[i], problem);
    if (fields[i].type == FIELD_LIST)
      settle_list(L, fields[i].name);
  }
  if (problem[0] != '\0')
    return false;
  compat_set_metatable(L, metatable_name);
  return true;
}

bool backfill_integer(lua_State *L, const char *name, int64_t *value) {
  lua_getfield(L, -1, name);
  bool is_integer = integer_of(L, value);
  lua_pop(L, 1);
  return is_integer;
}

bool backfill_has_status(lua_State *L, const char *status) {
  size_t length = 0;
  lua_getfield(L, -1, "status");
  const char *text = lua_tolstring(L, -1, &length);
  /* Whole: a NUL in the field does not end it. */
  bool is_same = text != NULL && strlen(status) == length && memcmp(text, status, length) == 0;
  lua_pop(L, 1);
  return is_same;
}
