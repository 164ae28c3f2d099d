#include "operations.h"

#include "compat.h"
#include "identifier.h"
#include "integer.h"
#include "misuse.h"

#include <stdio.h>
#include <string.h>

static const operation rows[] = {
    {
        .name = "cancel_backfill",
        .method = "PATCH",
        .path = "/teams/{team_id}/backfills/{backfill_id}",
        .parameters = {{"team_id", PARAMETER_ID}, {"backfill_id", PARAMETER_ID}},
        .body = "{\"status\":\"CANCELLED\"}",
        .writes = true,
        .about = ABOUT_BACKFILL,
        .answered_status = "CANCELLED",
    },
    {
        .name = "get_backfill",
        .method = "GET",
        .path = "/teams/{team_id}/backfills/{backfill_id}",
        .parameters = {{"team_id", PARAMETER_ID}, {"backfill_id", PARAMETER_ID}},
        .about = ABOUT_BACKFILL,
    },
    {
        .name = "get_latest_backfill",
        .method = "GET",
        .path = "/teams/{team_id}/transfers/{transfer_id}/backfills/latest",
        .parameters = {{"team_id", PARAMETER_ID}, {"transfer_id", PARAMETER_ID}},
        .about = ABOUT_TRANSFER,
    },
    {
        .name = "list_incomplete_backfills",
        .method = "GET",
        .path = "/teams/{team_id}/backfills",
        .parameters = {{"team_id", PARAMETER_ID}},
        .shape = ANSWER_BACKFILL_LIST,
    },
    {
        .name = "create_backfill",
        .method = "POST",
        .path = "/teams/{team_id}/transfers/{transfer_id}/backfills",
        .parameters = {{"team_id", PARAMETER_ID},
                       {"transfer_id", PARAMETER_ID},
                       {"range_start", PARAMETER_DATE},
                       {"range_end", PARAMETER_DATE}},
        .body = "{\"range_start\":\"%s\",\"range_end\":\"%s\"}",
        .writes = true,
        .about = ABOUT_TRANSFER,
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
  while (asked->parameters[count].name != NULL)
    count++;
  return count;
}

static void check_date(lua_State *L, int index, const char *operation_name, const char *argument,
                       char date[DATE_TEXT_SIZE]) {
  size_t length;
  const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : NULL;
  if (text != NULL && date_is_real(text, length))
    memcpy(date, text, DATE_TEXT_SIZE);
  else
    luaL_error(L, "%s: %s must be a day of the calendar as YYYY-MM-DD, got %s", operation_name, argument,
               misuse_push_description(L, index));
}

void operation_check_arguments(lua_State *L, const operation *asked, int first, operation_arguments *arguments) {
  int ids = 0, dates = 0;
  *arguments = (operation_arguments){0};
  for (int i = 0; asked->parameters[i].name != NULL; i++) {
    const operation_parameter *parameter = &asked->parameters[i];
    if (parameter->type == PARAMETER_ID)
      arguments->ids[ids++] = identifier_check(L, first + i, asked->name, parameter->name);
    else
      check_date(L, first + i, asked->name, parameter->name, arguments->dates[dates++]);
  }
  if (dates == 2 && strcmp(arguments->dates[0], arguments->dates[1]) > 0)
    luaL_error(L, "%s: range_start must not be after range_end, got %s and %s", asked->name, arguments->dates[0],
               arguments->dates[1]);
}

void operation_write_path(const operation *asked, const operation_arguments *arguments,
                          char path[OPERATION_TEXT_SIZE]) {
  size_t used = 0;
  int next = 0;
  for (const char *rest = asked->path; *rest != '\0' && used < OPERATION_TEXT_SIZE - INTEGER_TEXT_SIZE;) {
    if (*rest == '{') {
      used += integer_write(arguments->ids[next++], path + used);
      rest = strchr(rest, '}') + 1;
    } else {
      path[used++] = *rest++;
    }
  }
  path[used] = '\0';
}

const char *operation_body(const operation *asked, const operation_arguments *arguments,
                           char text[OPERATION_TEXT_SIZE]) {
  if (asked->body == NULL || strchr(asked->body, '%') == NULL)
    return asked->body;
  snprintf(text, OPERATION_TEXT_SIZE, asked->body, arguments->dates[0], arguments->dates[1]);
  return text;
}

const char *operation_push_request(lua_State *L, const operation *asked, const operation_arguments *arguments) {
  char path[OPERATION_TEXT_SIZE];
  operation_write_path(asked, arguments, path);
  return lua_pushfstring(L, "%s %s", asked->method, path);
}
