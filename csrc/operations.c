#include "operations.h"

#include "compat.h"
#include "identifier.h"
#include "integer.h"

#include <string.h>

static const operation rows[] = {
    {
        .name = "cancel_backfill",
        .method = "PATCH",
        .path = "/teams/{team_id}/backfills/{backfill_id}",
        .parameters = {"team_id", "backfill_id"},
        .body = "{\"status\":\"CANCELLED\"}",
        .writes = true,
        .answered_id = 1,
        .answered_status = "CANCELLED",
    },
    {
        .name = "get_backfill",
        .method = "GET",
        .path = "/teams/{team_id}/backfills/{backfill_id}",
        .parameters = {"team_id", "backfill_id"},
        .answered_id = 1,
    },
    {.name = NULL},
};

const operation *operation_rows(void) {
  return rows;
}

const operation *operation_check_name(lua_State *L, int index) {
  const char *name = luaL_checkstring(L, index);
  for (const operation *row = rows; row->name != NULL; row++)
    if (strcmp(row->name, name) == 0)
      return row;
  luaL_error(L, "there is no operation '%s'", name);
  return NULL;
}

int operation_argument_count(const operation *asked) {
  int count = 0;
  while (count < OPERATION_PARAMETERS && asked->parameters[count] != NULL)
    count++;
  return count;
}

void operation_check_arguments(lua_State *L, const operation *asked, int first, int64_t ids[OPERATION_PARAMETERS]) {
  int count = operation_argument_count(asked);
  for (int i = 0; i < count; i++)
    ids[i] = identifier_check(L, first + i, asked->name, asked->parameters[i]);
}

void operation_push_path(lua_State *L, const operation *asked, const int64_t ids[OPERATION_PARAMETERS]) {
  luaL_Buffer path;
  luaL_buffinit(L, &path);
  int next = 0;
  for (const char *rest = asked->path; *rest != '\0';) {
    size_t plain = strcspn(rest, "{");
    luaL_addlstring(&path, rest, plain);
    rest += plain;
    if (*rest == '{') {
      char digits[INTEGER_TEXT_SIZE];
      luaL_addlstring(&path, digits, integer_write(ids[next++], digits));
      rest = strchr(rest, '}') + 1;
    }
  }
  luaL_pushresult(&path);
}
