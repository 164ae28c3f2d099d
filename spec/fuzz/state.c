#include "state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int luaopen_supermetrics_core(lua_State *L);

unsigned take_byte(input *from) {
  if (from->length == 0)
    return 0;
  from->length--;
  return *from->bytes++;
}

char *take_text(input *from, size_t length, size_t *taken) {
  if (length > from->length)
    length = from->length;
  char *text = malloc(length + 1);
  if (text == NULL)
    abort();
  memcpy(text, from->bytes, length);
  text[length] = '\0';
  from->bytes += length;
  from->length -= length;
  *taken = length;
  return text;
}

lua_State *fuzz_state(void) {
  static lua_State *L;
  if (L == NULL) {
    L = luaL_newstate();
    if (L == NULL)
      abort();
    luaL_openlibs(L);
    luaL_requiref(L, "supermetrics.core", luaopen_supermetrics_core, 0);
    lua_setglobal(L, "core");
  }
  MUST(lua_gettop(L) == 0);
  return L;
}

void must_hold(int holds, const char *condition) {
  if (holds)
    return;
  fprintf(stderr, "does not hold: %s\n", condition);
  abort();
}
